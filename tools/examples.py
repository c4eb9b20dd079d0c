"""`python -m tools.examples`: writes the examples of the OpenAPI description.

They are real answers from the loaded dataset. A test compares them with the service's answers.
"""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    import manage

    with manage.database(["examples"]):
        django.setup()
        from django.test import Client

        from census.api.openapi.examples import FILE, PATHS, PROBLEM_PATHS, text

        client = Client(headers={"host": "localhost"})
        answers = {name: client.get(path).json() for name, path in (PATHS | PROBLEM_PATHS).items()}
    FILE.write_text(text(answers))


if __name__ == "__main__":
    main()
