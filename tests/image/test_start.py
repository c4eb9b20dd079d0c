"""The start of the container until the first answer, and errors during the start."""

import json
import re
import subprocess

import pytest

from tests.containers import ENGINE, Container, Postgres, engine, eventually
from tests.image.conftest import HARDENED, Environment, Run


def test_an_empty_database_is_migrated_and_loaded_before_the_first_answer(
    run: Run, environment: Environment, empty: str
) -> None:
    service = run(**environment(empty)).service()
    statuses: list[int] = []

    def ready() -> bool:
        statuses.append(service.status("/readyz"))
        return statuses[-1] == 200

    eventually(ready)
    assert set(statuses) <= {0, 200}, "who answers is ready"
    assert service.get("/readyz").json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "dataset": "ok"},
    }
    assert service.get("/v1/dataset").json()["rows"] == 48_842


def test_three_settings_are_enough(run: Run, environment: Environment, empty: str) -> None:
    service = run(options=(), **environment(empty)).service()
    service.wait_until_ready()
    mean = service.get("/v1/computation/mean/age").json()["value"]
    assert mean == pytest.approx(38.64358543876172, rel=1e-15)


def test_one_of_several_containers_loads_an_empty_database(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    racers = [run(**environment(empty)) for _ in range(3)]
    for racer in racers:
        racer.service().wait_until_ready()
    said = [re.findall(r"Dataset: (.*)", racer.logs()) for racer in racers]
    assert sorted(said) == [
        ["48,842 people, already loaded"],
        ["48,842 people, already loaded"],
        ["48,842 people, loaded"],
    ]
    # Statistics of sessions that have ended are in; those of idle ones follow within a second.
    inserted = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'census_person'"
    assert eventually(lambda: int(postgres.sql(inserted, empty))) == 48_842
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert postgres.sql(locks, empty) == "0"


def test_a_dataset_from_elsewhere_is_left_as_it_is(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    folder = "/app/census/data"
    sources = [f"{folder}/adult.data.gz", f"{folder}/adult.test.gz"]
    assert run("migrate", **environment(empty)).wait() == 0
    assert run("load", "--source", *sources, **environment(empty)).wait() == 0
    loaded_at = postgres.sql("SELECT loaded_at FROM census_dataset", empty)
    web = run(**environment(empty))
    web.service().wait_until_ready()
    assert f"48,842 people of {' '.join(sources)}, kept" in web.logs()
    assert postgres.sql("SELECT loaded_at FROM census_dataset", empty) == loaded_at


def test_it_waits_for_a_database_that_comes_later(
    run: Run, environment: Environment, postgres: Postgres
) -> None:
    web = run(**environment("comes_later"))
    eventually(lambda: 'database "comes_later" does not exist' in web.logs())
    postgres.sql("CREATE DATABASE comes_later")
    web.service().wait_until_ready()
    assert web.logs().count('"comes_later" does not exist') == 1, "each reason is told once"


@pytest.mark.parametrize("mode", ["start", "prepare", "migrate", "load"])
def test_it_does_not_wait_for_ever(run: Run, environment: Environment, mode: str) -> None:
    settings = environment("never") | {"START_TIMEOUT": "1"}
    container = run(mode, **settings)
    assert container.wait() == 1
    assert re.search(
        r'^Error: The database did not answer within 1 s \(.*"never" does not exist\): check',
        container.logs(),
        re.MULTILINE,
    )


def test_it_does_not_wait_for_ever_for_another_process(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    lock = f"SELECT pg_advisory_lock({int.from_bytes(b'adult')}), pg_sleep(600)"
    holder = subprocess.Popen([ENGINE, "exec", postgres.name, *postgres.psql(lock, empty)])
    try:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        eventually(lambda: int(postgres.sql(held, empty)))
        container = run(**environment(empty) | {"START_TIMEOUT": "1"})
        assert container.wait() == 1
        assert "Another process is migrating or loading: waiting" in container.logs()
        assert "Error: Another process has been migrating or loading for 1 s" in container.logs()
    finally:
        others = "pid <> pg_backend_pid() AND query ~ 'pg_sleep'"
        postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        holder.wait()


def test_sigterm_ends_the_wait(run: Run, environment: Environment) -> None:
    container = run(**environment("never"))
    eventually(lambda: "Waiting for the database" in container.logs())
    engine("stop", "--time=30", container.name)
    assert container.inspect("{{.State.ExitCode}}") == "143"


@pytest.mark.parametrize(
    ("arguments", "missing", "says"),
    [
        (["dance"], "", "Error: 'dance' is not a mode of this image"),
        (["serve", "now"], "", "Error: 'serve now' is not a mode of this image"),
        ([], "DATABASE_URL", "Error: DATABASE_URL is not set"),
        ([], "SECRET_KEY", "Error: SECRET_KEY is not set"),
        (["manage", "dance"], "", "Unknown command: 'dance'"),
        (["load", "--source", "/nowhere"], "", "/nowhere"),
    ],
)
def test_errors_end_with_a_message(
    run: Run,
    environment: Environment,
    web: Container,
    arguments: list[str],
    missing: str,
    says: str,
) -> None:
    settings = environment("served")
    settings.pop(missing, None)
    container = run(*arguments, **settings)
    assert container.wait() == 1
    assert says in container.logs()
    assert "Traceback" not in container.logs()


def test_the_other_modes(
    image: str, network: str, environment: Environment, postgres: Postgres, empty: str
) -> None:
    settings = [f"--env={name}={value}" for name, value in environment(empty).items()]

    def once(*arguments: str) -> str:
        return engine(
            "run", "--rm", f"--network={network}", *HARDENED, *settings, image, *arguments
        )

    assert "Applying census.0001_initial... OK" in once("migrate")
    assert "No migrations to apply" in once("migrate")
    assert json.loads(once("load", "--json"))["status"] == "loaded"
    assert json.loads(once("load", "--json"))["status"] == "already loaded"
    assert "no issues" in once("manage", "check")
    count = "from census.models import Person; print(Person.objects.count())"
    assert once("manage", "shell", "--verbosity=0", f"--command={count}") == "48842"
    assert postgres.sql("SELECT count(*) FROM census_person", empty) == "48842"
