"""Requests that are malformed, each with what it is called."""

# Bytes that are no UTF-8: never used ones, encodings that are too long, surrogates, beyond the last, cut off.
NOT_UTF8 = [b"\xff\xfe", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
            b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80"]
LONE = [r"\ud800", r"\udc00", r"\udc00\ud800", r"\ud800\ud800", r"a\udfffb", r"\ud800\u0041"]


def bodies():
    """JSON of a customer that must be refused."""
    yield "a thousand levels of arrays", b'{"name":"a","attributes":' + b"[" * 1000 + b"]" * 1000 + b"}"
    yield "a thousand levels of objects", b'{"name":"a","attributes":' + b'{"a":' * 1000 + b"1" + b"}" * 1001
    yield "a thousand levels that never end", b"[" * 1000
    for text in NOT_UTF8:
        yield f"{text.hex()} in a value", b'{"name":"a' + text + b'"}'
        yield f"{text.hex()} in a name", b'{"name":"a","b' + text + b'":1}'
        yield f"{text.hex()} in a name of an attribute", b'{"name":"a","attributes":{"b' + text + b'":"c"}}'
        yield f"{text.hex()} between values", b'{"name":"a",' + text + b'"stage":"actual"}'
    for text in [r"\u0000", *LONE]:
        escape = text.encode()
        yield f"{text} in a value", b'{"name":"a' + escape + b'"}'
        yield f"{text} in a name", b'{"name":"a","b' + escape + b'":1}'
        yield f"{text} in an attribute", b'{"name":"a","attributes":{"b":"' + escape + b'"}}'
        yield f"{text} in a name of an attribute", b'{"name":"a","attributes":{"b' + escape + b'":"c"}}'
    for text in [b"", b"\0", b"{", b'{"name":"a"', b'{"name":"a"}}', b'{"name":"a"} {}', b'{"name":"a",}',
                 b'{"name":"a","contact_points":[],}', b'{"name":"a","attributes":{"b":"c",}}', b"{'name':'a'}",
                 b'{"name":NaN}', b'{"name":"a\n"}', b'{"name":"\\x41"}', b'{"name":"\\u12"}', b"null", b"[]",
                 b'\xff\xfe{\0"\0n\0', '{"name":"a"}'.encode("utf-16"), '{"name":"a"}'.encode("utf-32")]:
        yield f"the body {text[:30]!r}", text
    yield "a reference that is a list", b'{"name":"a","reference":["b"]}'


def legal_bodies():
    """JSON that may be taken or refused."""
    yield "a pair of surrogates", rb'{"name":"a\ud83d\ude00"}'
    for number in (b"1e999999", b"-1e-999999", b"9" * 5000, b"0." + b"1" * 5000):
        yield f"the number {number[:12].decode()}…", b'{"name":"a","attributes":{"b":' + number + b"}}"
    yield "a name twice", b'{"name":"a","name":"b"}'
    yield "a mark of byte order", b'\xef\xbb\xbf{"name":"a"}'


def queries():
    """Query strings that must be refused, as latin-1."""
    for text in [*NOT_UTF8, b"\0", b"a\0b"]:
        escaped = "".join(f"%{byte:02x}" for byte in text)
        yield f"filter[reference]={escaped}"
        yield f"filter[reference][in]=a,{escaped}"
        yield f"{escaped}=1"
        yield f"cursor={escaped}"
        yield f"fields={escaped}"
        yield f"sort={escaped}"
    yield from ("filter[reference]=%zz", "filter[reference]=%", "filter[reference]=%f", "limit=" + "9" * 50, "limit=-1",
                "limit=%00", "cursor=" + "A" * 5000, "filter[=a", "filter[reference][=a", "&".join(["limit=1"] * 1000))


def raw_queries():
    """Query strings with bytes that none may have: the server may well end the connection."""
    return [f"filter[reference]={text.decode('latin-1')}" for text in [*NOT_UTF8, b"\0", b"a\x01", b"a\x7f"]]


def fields():
    """Fields of the head that must be refused, with the method that reads them."""
    for text in NOT_UTF8:
        value = text.decode("latin-1")
        yield "GET", f"Authorization: Bearer {value}"
        yield "POST", f"Idempotency-Key: a{value}"
        yield "POST", f"Content-Type: {value}"
        yield "PATCH", f'If-Match: "{value}"'


def ignored_fields():
    """Fields that may hold any byte but a few."""
    for text in NOT_UTF8:
        for name in ("User-Agent", "Accept-Encoding", "X-Request-Id", "Origin", "X-Forwarded-For", "If-None-Match"):
            yield f"{name}: {text.decode('latin-1')}"


def garbage():
    """What is no HTTP/1.1; at most one answer, and none of success."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
    for name, data in {
        "bytes at random": bytes((i * 167 + 13) % 256 for i in range(4096)), "zeros": bytes(4096), "a TLS hello": hello,
        "HTTP/0.9": b"GET /v1/customers\r\n\r\n", "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
        "an unknown version": b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
        "mail": b"EHLO a.example\r\nMAIL FROM:<a@a.example>\r\n", "no host": b"GET /v1/customers HTTP/1.1\r\n\r\n",
        "two hosts": b"GET /v1/customers HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
        "ends of lines": b"\r\n" * 2000,
        "a zero in a field": b"GET /v1/customers HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n",
        "no name of a field": b"GET /v1/customers HTTP/1.1\r\n: a\r\n\r\n",
    }.items():
        yield name, data


def smuggled(server, tail):
    """Requests whose end may be seen in two places, with another request behind one of them."""
    def post(*lines, body=b"", end="\r\n"):
        head = [f"POST /v1/customers HTTP/1.1{end}", f"Host: 127.0.0.1{end}",
                f"Authorization: Bearer {server.key}{end}", f"Content-Type: application/json{end}", *lines, end]
        return "".join(head).encode("latin-1") + body

    length, chunked, empty = f"Content-Length: {len(tail) + 5}\r\n", "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"
    yield "Content-Length and Transfer-Encoding", post(length, chunked, body=empty + tail)
    yield "Transfer-Encoding and Content-Length", post(chunked, "Content-Length: 5\r\n", body=empty + tail)
    yield "two lengths", post("Content-Length: 0\r\n", length, body=tail)
    yield "two lengths, the longer first", post(length, "Content-Length: 0\r\n", body=tail)
    for value in ("0, 5", "+0", "-0", "0x0", "0 5", "", "18446744073709551616", "-5", "1e1"):
        yield f"the length {value!r}", post(f"Content-Length: {value}\r\n", body=tail)
    folded = ("X-A: b\r\n Content-Length: 5\r\n", "Transfer-Encoding:\r\n chunked\r\n")
    yield "folded lines", post(*folded, body=empty + tail)
    yield "a space before the colon", post(f"Content-Length : {len(tail)}\r\n", body=tail)
    yield "a space before the colon of chunked", post("Transfer-Encoding : chunked\r\n", body=empty + tail)
    for value in ("xchunked", "chunked, identity", "identity", "gzip", "\x0bchunked", "chunked\x00", "chunked;a=b"):
        yield f"the encoding {value!r}", post(f"Transfer-Encoding: {value}\r\n", body=empty + tail)
    for size in ("0x0", "-0", " 0", "ffffffffffffffff1", "g", "+0", "0\0"):
        yield f"the size of a chunk {size!r}", post(chunked, body=f"{size}\r\n\r\n".encode() + tail)
    yield "bare ends of lines in chunks", post(chunked, body=b"0\n\n" + tail)
    yield "a chunk longer than it says", post(chunked, body=b"1\r\nab\r\n" + empty + tail)
    yield "a bare end within a field", post("X-A: b\nContent-Length: 0\r\n", length, body=tail)
    yield "a bare return within a field", post("X-A: b\rTransfer-Encoding: chunked\r\n", body=empty + tail)
    yield "bare ends of lines", post(f"Content-Length: 0\n", end="\n", body=tail)
    yield "an old version with chunks", post(chunked, body=empty + tail).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    yield "an old version, nothing in chunks", post(chunked, body=tail).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
