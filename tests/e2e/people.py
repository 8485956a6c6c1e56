"""The administrator of a stack, who has a password and perhaps a second factor, and signs in by browser."""
import base64
import hashlib
import hmac
import struct
import time
import urllib.parse


def one_time_code(key, at=None):
    """RFC 6238 with the usual values: SHA-1, six digits, thirty seconds. `key` is in base 32."""
    counter = struct.pack(">Q", int((at or time.time()) // 30))
    digest = hmac.new(base64.b32decode(key.replace(" ", "").upper()), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Administrator:
    """Knows the first password, and the one that it chooses when it is asked to."""

    def __init__(self, stack, chosen="three plain words suffice"):
        self.stack, self.chosen = stack, chosen
        self.current = stack.secret("admin")

    def at_sign_in(self, browser):
        return (urllib.parse.urlsplit(browser.url).hostname == f"id.{self.stack.domain}"
                and browser.find("#username"))

    def give_password(self, browser, password=None):
        browser.type("#username", "admin")
        browser.type("#password", password or self.current)
        browser.click("#kc-login")

    def choose_password(self, browser, password=None):
        for field in ("#password-new", "#password-confirm"):
            browser.type(field, password or self.chosen)
        browser.click("[type=submit]")
        if password is None:
            self.current = self.chosen

    def sign_in(self, browser, arrived):
        """From the sign-in page until arrived(), on the way choosing a password if asked to; at once if
        the browser's session at the identity provider still holds."""
        if browser.wait("the sign-in page", lambda: arrived() or self.at_sign_in(browser)) is True:
            return
        self.give_password(browser)
        if browser.wait("what follows the password", lambda: arrived() or browser.find("#password-new")) is not True:
            self.choose_password(browser)
        browser.wait("what was behind the sign-in", arrived)
