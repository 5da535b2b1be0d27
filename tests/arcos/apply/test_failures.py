"""kubectl's words and what they mean to ARCOS; the texts were recorded from kubectl 1.37 and a real API server."""

from __future__ import annotations

import pytest

from arcos.apply.failures import Reason, ServerError, parse

RECORDED = {
    Reason.UNREACHABLE: (
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
        "Unable to connect to the server: dial tcp: lookup nosuch.example on 10.0.0.53:53: no such host",
        'error: error validating data: Get "https://127.0.0.1:1/openapi/v2": dial tcp: connect: connection refused',
        "Error from server: etcdserver: leader changed",
    ),
    Reason.UNTRUSTED: (
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown...",
        "Unable to connect to the server: tls: first record does not look like a TLS handshake",
        "Error from server (BadRequest): the server rejected our request for an unknown reason",
    ),
    Reason.UNAUTHORIZED: ("error: You must be logged in to the server (Unauthorized)", "error: EOF"),
    Reason.FORBIDDEN: (
        'Error from server (Forbidden): namespaces is forbidden: User "nobody" cannot list resource "namespaces"',
    ),
    Reason.QUOTA: (
        'Error from server (Forbidden): configmaps "x" is forbidden: exceeded quota: few, requested: configmaps=1',
    ),
    Reason.TERMINATING: (
        'Error from server (Forbidden): configmaps "x" is forbidden: ... because it is being terminated',
    ),
    Reason.DENIED: (
        'Error from server (Forbidden): pods "bad" is forbidden: violates PodSecurity "restricted:latest": privileged',
        'Error from server (BadRequest): admission webhook "a.example" denied the request: no',
    ),
    Reason.NOT_FOUND: ('Error from server (NotFound): configmaps "foo" not found',),
    Reason.CONFLICT: (
        'Error from server (Conflict): Operation cannot be fulfilled on ConfigMap "c": the UID in the precondition',
    ),
    Reason.EXISTS: ('Error from server (AlreadyExists): leases.coordination.k8s.io "x" already exists',),
    Reason.UNKNOWN_KIND: (
        'error: resource mapping not found for name: "c": no matches for kind "Foo"\nensure CRDs are installed first',
        'error: the server doesn\'t have a resource type "Foo" in group "foo.example"',
    ),
    Reason.INVALID: (
        "Error from server: failed to create typed patch object (a/c; /v1, Kind=ConfigMap): .dota: field not declared",
    ),
    Reason.IMMUTABLE: (
        'The Deployment "d" is invalid: spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable',
    ),
    Reason.KUBECONFIG: (
        "error: stat /nope: no such file or directory",
        "Error in configuration: context was not found for specified context: nope",
        'error: context "nope" does not exist',
        "Error in configuration: * unable to read client-cert /nope for me due to open /nope: no such file",
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
    ),
    Reason.OTHER: ("something nobody has seen before", ""),
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason in RECORDED for text in RECORDED[reason]])
def test_meaning_of(reason, text):
    assert [failure.reason for failure in parse(text)] == [reason]


def test_several_errors_are_told_apart_and_kubectls_advice_is_dropped():
    text = (
        'I1122 22:24:31.4 1 round_trippers.go:632] "Response" verb="PATCH" status="409 Conflict"\n'
        "Warning: would violate PodSecurity\n"
        'Apply failed with 1 conflict: conflict with "operator" using v1: .data.y\n'
        "Please review the fields above--they currently have other managers. Here\nare the ways\n"
        'Error from server (NotFound): namespaces "nope" not found\n'
    )
    first, second = parse(text)
    assert (first.reason, second.reason) == (Reason.OWNED, Reason.NOT_FOUND)
    assert first.message.endswith(".data.y")


def test_a_servers_answer_in_kubectls_log_is_no_error_of_its_own():
    """kubectl's log shows the whole answer of each refusal, over many lines, before the error itself."""
    answer = '{\n  "kind": "Status",\n  "details": {\n    "name": "r"\n  },\n  "code": 403\n}\n'
    text = "".join(f"I1126 13:40:55.7 5026 helpers.go:247] server response object: {answer}" for _ in range(2)) + (
        'Error from server (Forbidden): clusterroles "r" is forbidden: user "u" is attempting to grant RBAC permissions'
        ' not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["list"]}\n'
    )
    [failure] = parse(text)
    assert failure.reason is Reason.FORBIDDEN
    assert failure.message.startswith("Error from server (Forbidden): clusterroles")


def test_what_a_kubeconfig_lacks_is_said_in_words_that_name_it():
    [nowhere] = parse(
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
    )
    [nobody] = parse("error: EOF\n")
    assert "names no cluster" in nowhere.message
    assert "no credentials" in nobody.message


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_and_a_way_on(reason):
    from arcos.apply.failures import Failure

    error = ServerError([Failure(reason, "text")], where="here")
    assert error.what
    assert error.fix
