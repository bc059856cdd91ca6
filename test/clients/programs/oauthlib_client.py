"""oauthlib and requests-oauthlib: a terminal that is linked, and a web app that sends its people to sign in."""

import person
import requests
from oauthlib.oauth2 import DeviceClient, OAuth2Error
from requests_oauthlib import OAuth2Session

settings = person.settings
server = requests.get(settings.issuer + "/.well-known/openid-configuration").json()
scope = ["openid", "email", "offline_access"]

# A terminal. The library puts the request behind a question mark: RFC 8628 §3.1 wants it in the body.
device = DeviceClient(settings.tv.id)
address = device.prepare_request_uri(server["device_authorization_endpoint"], scope=scope)
as_prepared = requests.post(address).status_code
endpoint, body = address.split("?", 1)
form = {"Content-Type": "application/x-www-form-urlencoded"}
asked = requests.post(endpoint, data=body, headers=form).json()
terminal = OAuth2Session(client=device)


def poll():
    return terminal.fetch_token(server["token_endpoint"], device_code=asked["device_code"], include_client_id=True)


try:
    poll()
    pending = None
except OAuth2Error as error:
    pending = error.error
person.enters(asked["user_code"])
linked = dict(poll())
refreshed = dict(terminal.refresh_token(server["token_endpoint"], client_id=settings.tv.id))
subjects = [terminal.get(server["userinfo_endpoint"]).json()["sub"]]
endpoint, headers, body = device.prepare_token_revocation_request(
    server["revocation_endpoint"], refreshed["refresh_token"], token_type_hint="refresh_token", client_id=settings.tv.id
)
revoked = requests.post(endpoint, data=body, headers=headers).status_code
ended = terminal.get(server["userinfo_endpoint"]).status_code

# A web app: PKCE is off unless it is named.
web = OAuth2Session(settings.web.id, scope=scope, redirect_uri=settings.callback, pkce="S256")
address, state = web.authorization_url(server["authorization_endpoint"], prompt="consent")
back = person.opens(address)
web.fetch_token(server["token_endpoint"], authorization_response=back, client_secret=settings.web.secret)
web.refresh_token(server["token_endpoint"], auth=(settings.web.id, settings.web.secret))
subjects.append(web.get(server["userinfo_endpoint"]).json()["sub"])

person.is_told(
    as_prepared=as_prepared,
    pending=pending,
    rotated=refreshed["refresh_token"] != linked["refresh_token"],
    revoked=revoked,
    ended=ended,
    subjects=subjects,
)
