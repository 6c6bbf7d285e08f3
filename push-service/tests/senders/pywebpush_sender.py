"""pywebpush against the push service: subscribes, sends, reads back, meets 429 and 410. Prints one line a step.

python pywebpush_sender.py CONTROL VENDOR, with HTTPS_PROXY and REQUESTS_CA_BUNDLE as `push-service --env` prints them.
"""

import base64
import json
import sys
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

control, vendor = sys.argv[1:]
vapid = Vapid02()
vapid.generate_keys()
point = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
public_key = base64.urlsafe_b64encode(point).decode().rstrip("=")
direct = build_opener(ProxyHandler({}))


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = Request(control + path, data, {"Content-Type": "application/json"}, method=method)
    with direct.open(request) as response:
        return json.load(response) if response.status != 204 else None


def send(subscription):
    """The response, accepted or not."""
    try:
        claims = {"sub": "mailto:test@example.com"}
        return webpush(subscription, "hello", vapid_private_key=vapid, vapid_claims=claims, ttl=60, timeout=10)
    except WebPushException as error:
        return error.response


subscription = call("POST", "/control/subscriptions", {"vendor": vendor, "applicationServerKey": public_key})
name = quote(subscription["endpoint"], safe="")
print("sent", send(subscription).status_code)
message = call("GET", f"/control/messages?subscription={name}&wait=5")["messages"][0]
print("read", message["payload"], message["claims"]["sub"])
call("POST", "/control/answers", {"subscription": subscription["endpoint"], "status": 429, "retry_after": 7})
busy = send(subscription)
print("busy", busy.status_code, busy.headers["Retry-After"])
call("DELETE", f"/control/subscriptions?subscription={name}")
print("gone", send(subscription).status_code)
