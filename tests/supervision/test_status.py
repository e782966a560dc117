from __future__ import annotations

import json

from actors.testing import CrashesOn, HangsOnStart, StopsNormally
from supervisor.supervision import ChildSpec, Restart, start_child, status, supervisor_spec


def outline(node):
    return {f"{node['name']} {node['state']}": [outline(child) for child in node["children"]]}


def test_the_tree_shows_who_belongs_to_whom_and_how_they_are(stage):
    top = stage.supervise(
        stage.child("web"),
        supervisor_spec(
            "flow",
            [
                stage.child("out", CrashesOn, "boom"),
                stage.child("in", StopsNormally, restart=Restart.TRANSIENT),
            ],
            backoff=stage.backoff,
        ),
    )
    stage.tell("out", "boom")
    stage.tell("in", "stop")

    assert outline(status(top)) == {
        "top running": [
            {"web running": []},
            {"flow running": [{"out restarting": []}, {"in down": []}]},
        ]
    }


def test_the_tree_shows_restarts_errors_and_what_waits(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom", poison_after=1))
    stage.tell("a", "boom")
    stage.advance(0.1)
    stage.tell("a", "boom", 1, 2)

    (node,) = status(top)["children"]

    assert node["restarts"] == 1
    assert node["last_error"] == "RuntimeError: crashes on 'boom'"
    assert (node["processed"], node["waiting"]) == (2, 2)


def test_the_tree_is_plain_data(stage):
    tree = status(stage.supervise(stage.child("a"), supervisor_spec("s")))

    assert json.loads(json.dumps(tree)) == tree


def test_a_supervisor_that_is_busy_hides_only_its_own_branch(stage):
    top = stage.supervise(stage.child("a"), supervisor_spec("s"))
    adding = stage.in_background(start_child, stage.find("s"), ChildSpec("slow", HangsOnStart), 1.0)
    looking = stage.in_background(status, top, 5.0)
    stage.advance(5.0)
    tree = looking.get(timeout=1.0)
    adding.kill()

    assert [child["name"] for child in tree["children"]] == ["a", "s"]
    assert tree["children"][1]["last_error"] == "s did not answer within 5 s"
