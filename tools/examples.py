"""Write the examples of the OpenAPI description: real answers, from the loaded dataset.

`python -m tools.examples`; a test compares them with what the service answers.
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
