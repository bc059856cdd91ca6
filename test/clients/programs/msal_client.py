"""MSAL Python: a terminal that is linked, and a web app that sends its people to sign in."""

from urllib.parse import parse_qsl, urlsplit

import msal
import person

settings = person.settings
# It takes no authority without a path. A dot is one, and the client's address of the metadata stays the issuer's.
authority = settings.issuer + "/."

# A terminal. The library itself adds openid, profile and offline_access.
terminal = msal.PublicClientApplication(settings.tv.id, oidc_authority=authority)
flow = terminal.initiate_device_flow(scopes=["email"])
pending = terminal.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)["error"]
person.enters(flow["user_code"])
linked = terminal.acquire_token_by_device_flow(flow)
account = terminal.get_accounts()[0]
refreshed = terminal.acquire_token_silent(["email"], account, force_refresh=True)

# A web app. It sends PKCE and a nonce by itself.
web = msal.ConfidentialClientApplication(
    settings.web.id, client_credential=settings.web.secret, oidc_authority=authority
)
flow = web.initiate_auth_code_flow(["email"], redirect_uri=settings.callback, prompt="consent")
back = person.opens(flow["auth_uri"])
tokens = web.acquire_token_by_auth_code_flow(flow, dict(parse_qsl(urlsplit(back).query)))
again = web.acquire_token_silent(["email"], web.get_accounts()[0], force_refresh=True)

person.is_told(
    pending=pending,
    username=account["username"],
    refreshed=[refreshed["access_token"] != linked["access_token"], again["access_token"] != tokens["access_token"]],
    subjects=[linked["id_token_claims"]["sub"], tokens["id_token_claims"]["sub"]],
)
