"""Fills a fresh server with things that its API can be asked about, and writes what schemathesis needs to know of them.

    prepare.py URL FIRST_TOKEN FOLDER

FOLDER gets administrator.toml, person.toml and nobody.toml: configurations with the credentials of each, and with cases,
tokens, helpers and webhooks that are there, so that operations meet more than 404.
"""

import json
import pathlib
import sys
import urllib.request

url, first, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
root = pathlib.Path(__file__).resolve().parents[2]


def ask(method, path, body=None, token=first):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(url + path, data, headers, method=method)
    with urllib.request.urlopen(asked) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def case(number):
    """A case: just opened, answered, measured, waiting, or over."""
    said = ["メールを取得できません", "Cannot Get Mail", "ドコモメールが届かない", "Outlook 0x800CCC0E"][number % 4]
    opened = ask("POST", "/api/v1/cases", {"words": said, "device": "iphone", "lang": ["ja", "en"][number % 2]})
    path = f"/api/v1/cases/{opened['secret']}"
    world = {2: "certificate_self_signed", 3: "provider_status_outage"}.get(number % 6)
    at = 1
    if world:
        evidence = json.loads((root / "scenarios" / world / "evidence.json").read_text())
        at = ask("POST", path + "/evidence", {"at": at, "evidence": evidence})["at"]
    if number % 6 == 1:
        at = ask("POST", path + "/answers", {"at": at, "answer": "unknown"})["at"]
    if number % 6 == 4:
        ask("POST", path + "/stop", {"at": at})
    return opened["secret"], str(opened["case"]["id"])


# those that tests take away are others than those that are asked about
kept = [case(number) for number in range(60)]
doomed = [case(number) for number in range(60)]
for number in range(60):
    ask("POST", "/api/v1/tokens", {"name": f"spare {number}", "role": "helper"})
    ask("POST", "/api/v1/helpers", {"name": f"helper{number}", "role": "helper", "password": "a long enough password"}) if number < 8 else None
    ask("POST", "/api/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["case.opened"]}) if number < 40 else None
administrator = ask("POST", "/api/v1/tokens", {"name": "schemathesis", "role": "administrator"})
own = case(0)[0]

secrets = [secret for secret, _ in kept]
numbers = [number for _, number in kept]
listed = lambda values: "[" + ", ".join(json.dumps(value, ensure_ascii=False) for value in values) + "]"


def configuration(authorization, cases, gone):
    return f"""{'headers = { Authorization = ' + json.dumps(authorization) + ' }' if authorization else ''}
[dictionaries]
cases = {{ values = {listed(cases)} }}
doomed = {{ values = {listed(gone)} }}
places = {{ values = [1, 2, 3] }}
answers = {{ values = ["unknown", "fixed", "not_fixed", "done", "later", "could_not"] }}
numbers = {{ values = {listed(range(2, 40))} }}
helpers = {{ values = {listed(range(1, 9))} }}

[parameters]
"path.case" = {{ dictionary = "cases", probability = 0.9 }}
"body.at" = {{ dictionary = "places", probability = 0.8 }}
"body.answer" = {{ dictionary = "answers", probability = 0.8 }}

[[operations]]
include-operation-id = ["forgetCase"]
parameters = {{ "path.case" = {{ dictionary = "doomed", probability = 0.9 }} }}

[[operations]]
include-path-regex = "/(tokens|webhooks)/"
parameters = {{ "path.id" = {{ dictionary = "numbers", probability = 0.8 }} }}

[[operations]]
include-path-regex = "/helpers/"
parameters = {{ "path.id" = {{ dictionary = "helpers", probability = 0.8 }} }}

# what is made up is no picture, and no time of now
[[operations]]
include-operation-id = ["readPicture", "tellOfBrowser"]
checks.positive_data_acceptance.enabled = false

# asked too often, or too many at once, is an answer like others
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "429", "501", "503"]
"""


gone = [secret for secret, _ in doomed]
for name, authorization, cases in [
    ("administrator", f"Bearer {administrator['secret']}", numbers + secrets[:20]),
    ("person", f"Case {own}", ["own"] + secrets),
    ("nobody", None, secrets + ["AAAAAAAAAAAAAAAAAAAAAA", "own"]),
]:
    (folder / f"{name}.toml").write_text(configuration(authorization, cases, gone))
