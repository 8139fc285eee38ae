"""SIP as text: read in pieces of any size, refused when it is none, and challenges answered as the RFCs do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import WireError
from earwitness.links.sip_text import LONGEST_BODY, LONGEST_HEAD, Account, SipReader, SipText, answer_to, uri_of

ONE = SipText(
    start="MESSAGE sip:anna@example.org SIP/2.0",
    headers=(("via", "SIP/2.0/TLS a;branch=z9hG4bK1"), ("via", "SIP/2.0/TLS b"), ("call-id", "x"), ("cseq", "1 MESSAGE")),
    body="Grüße\r\n\r\nSIP/2.0 200 OK".encode(),
)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 3))
def test_messages_are_put_together_from_pieces_of_any_size(sizes: list[int], count: int) -> None:
    data, reader, read = (b"\r\n" + ONE.as_bytes()) * count, SipReader(), list[SipText]()
    for size in [*sizes, len(data)]:
        read += reader.read(data[:size])
        data = data[size:]
    assert [(one.start, one.all("via"), one.body) for one in read] == [(ONE.start, ONE.all("via"), ONE.body)] * count
    assert read[0].transaction == ("x", "1 MESSAGE")


def test_short_names_folded_lines_and_responses_are_read() -> None:
    data = b"SIP/2.0 407 Proxy Authentication Required\r\ni: x\r\nCSeq:  2\r\n MESSAGE\r\nF: <sip:tom@x>;tag=1\r\nl:0\r\n\r\n"
    (one,) = SipReader().read(data)
    assert (one.status, one.method, one.transaction) == (407, "", ("x", "2 MESSAGE"))
    assert uri_of(one.one("from")) == "sip:tom@x"
    assert uri_of("sip:tom@x;tag=1") == "sip:tom@x"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nl: 0\r\n\r\n",
        b"SIP/2.0 20 OK\r\nl: 0\r\n\r\n",
        b"message sip:a SIP/2.0\r\nl: 0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\nab",
        b"MESSAGE sip:a SIP/2.0\r\nl: -1\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\nno colon\r\nl: 0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\nx: \x1b[2J\r\nl: 0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\nx: \xff\r\nl: 0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\n" + b"x: y\r\n" * 101 + b"l: 0\r\n\r\n",
        b"MESSAGE sip:a SIP/2.0\r\nl: %d\r\n\r\n" % (LONGEST_BODY + 1),
        b"a" * (LONGEST_HEAD + 1),
    ],
)
def test_what_is_no_message_is_an_error(data: bytes) -> None:
    with pytest.raises(WireError):
        list(SipReader().read(data))


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ('"Tom" <sip:tom@x>;tag=1', "sip:tom@x"),
        ("Tom Q <sip:tom@x;user=phone>", "sip:tom@x"),
        ('"Tom \\" <sip:mum@x>" <sip:tom@x>', "sip:tom@x"),
        ('"<sip:mum@x>" <sip:tom@x>;tag=1', "sip:tom@x"),
        ('<sip:tom@x>;tag="<sip:mum@x>"', "sip:tom@x"),
        ('"<sip:mum@x>', ""),
        ("<sip:mum@x> <sip:tom@x>", ""),
        ('"Tom" sip:tom@x', ""),
    ],
)
def test_a_name_is_not_taken_for_the_address_beside_it(value: str, uri: str) -> None:
    assert uri_of(value) == uri


@given(st.binary(max_size=300))
def test_bytes_of_anybody_are_read_or_refused(data: bytes) -> None:
    try:
        for one in SipReader().read(b"MESSAGE sip:a SIP/2.0\r\nl: 3\r\n" + data):
            assert one.method == "MESSAGE"
    except WireError:
        pass


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "\x00"])
def test_nothing_can_be_put_into_a_message_that_would_be_another(value: str) -> None:
    with pytest.raises(WireError):
        SipText(start=ONE.start, headers=(("to", value),)).as_bytes()


MUFASA = Account(user="Mufasa", password="Circle of Life")


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_a_challenge_is_answered_as_in_rfc_7616(algorithm: str, response: str) -> None:
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answered = answer_to(
        (challenge,),
        account=MUFASA,
        method="GET",
        uri="/dir/index.html",
        nonce_of_ours="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert answered is not None
    assert f'response="{response}"' in answered
    assert 'opaque="FQhe' in answered


def test_an_old_challenge_is_answered_as_in_rfc_2069_and_the_strongest_of_several() -> None:
    old = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answered = answer_to(
        (old,), account=Account(user="Mufasa", password="CircleOfLife"), method="GET", uri="/dir/index.html", nonce_of_ours=""
    )
    assert answered is not None
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answered
    assert "cnonce" not in answered
    both = ('Digest realm="a", nonce="b"', 'Digest realm="a", nonce="c", algorithm=SHA-256')
    assert 'nonce="c"' in str(answer_to(both, account=MUFASA, method="MESSAGE", uri="sip:a", nonce_of_ours=""))


@pytest.mark.parametrize(
    "challenge", ["", "Basic realm=a", "Digest", 'Digest realm="a"', 'Digest realm="a", nonce="b", algorithm=ROT13']
)
def test_a_challenge_that_cannot_be_answered_is_not(challenge: str) -> None:
    assert answer_to((challenge,), account=MUFASA, method="MESSAGE", uri="sip:a", nonce_of_ours="") is None
