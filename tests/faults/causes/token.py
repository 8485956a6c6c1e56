"""The token that holds the stack's keys: taken away, or with a PIN that is not its own."""
import signal

from causes import cause


@cause
def take_the_token_away(platform, group):
    tokens = platform.state / "token" / "tokens"
    away = tokens.with_name("away")
    tokens.rename(away)
    yield
    away.rename(tokens)


@cause
def start_without_the_token(platform, group):
    """The whole folder, PIN and all; the agent starts meanwhile."""
    folder, away = platform.state / "token", platform.state / "token-away"
    platform.signal(platform.agent(), signal.SIGKILL)
    folder.rename(away)
    platform.start_agent(wait=False)
    try:
        yield
    finally:
        away.rename(folder)


@cause
def change_the_pin(platform, group):
    pin = platform.state / "token" / "pin"
    text = pin.read_text()
    platform.signal(platform.agent(), signal.SIGKILL)
    pin.write_text("12345678")
    platform.start_agent(wait=False)
    try:
        yield
    finally:
        pin.write_text(text)
        platform.end_agent()
        platform.start_agent()
