"""Authlib: a terminal that is linked, and a web app that sends its people to sign in."""

import person
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

settings = person.settings
server = requests.get(settings.issuer + "/.well-known/openid-configuration").json()
scope = "openid email offline_access"

# A terminal.
terminal = OAuth2Session(settings.tv.id, token_endpoint_auth_method="none")
request = {"client_id": settings.tv.id, "scope": scope}
asked = terminal.post(server["device_authorization_endpoint"], data=request, withhold_token=True).json()


def poll():
    return terminal.fetch_token(
        server["token_endpoint"],
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=asked["device_code"],
    )


try:
    poll()
    pending = None
except OAuthError as error:
    pending = error.error
person.enters(asked["user_code"])
linked = dict(poll())
refreshed = dict(terminal.refresh_token(server["token_endpoint"]))
live = terminal.introspect_token(server["introspection_endpoint"], token=refreshed["access_token"]).json()
terminal.revoke_token(server["revocation_endpoint"], token=refreshed["refresh_token"])
ended = terminal.introspect_token(server["introspection_endpoint"], token=refreshed["access_token"]).json()

# A web app: PKCE is off unless it is named.
web = OAuth2Session(
    settings.web.id, settings.web.secret, scope=scope, redirect_uri=settings.callback, code_challenge_method="S256"
)
verifier, nonce = generate_token(48), generate_token()
address, state = web.create_authorization_url(
    server["authorization_endpoint"], code_verifier=verifier, nonce=nonce, prompt="consent"
)
back = person.opens(address)
tokens = web.fetch_token(server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)
keys = KeySet.import_key_set(requests.get(server["jwks_uri"]).json())
claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
web.refresh_token(server["token_endpoint"])

person.is_told(
    pending=pending,
    rotated=refreshed["refresh_token"] != linked["refresh_token"],
    active=[live["active"], ended["active"]],
    claims=[claims["iss"] == settings.issuer, claims["aud"] == settings.web.id, claims["nonce"] == nonce],
    subjects=[live["sub"], claims["sub"], web.get(server["userinfo_endpoint"]).json()["sub"]],
)
