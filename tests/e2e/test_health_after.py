"""Signing and deploying in one go looks at the health afterwards, as a release does."""

from tests.e2e.project import Project


def test_health_is_known_after_approve_deploy(released: Project) -> None:
    answer = released.json("status", "production")
    assert [line["health"] for line in answer["details"]["environments"]] == ["healthy"]
