"""Runs the deployment in config.toml inside this program: no command, no patching, no signal handlers."""

import sys
from pathlib import Path

from supervisor import Deployment


def main() -> None:
    with Deployment.load(Path(__file__).with_name("config.toml")) as deployment:
        words = deployment.onramp("words")
        for line in sys.stdin:
            for word in line.split():
                words.put({"word": word})  # a value, as it is; blocks while the flow is full
        words.put(b"{ this is no JSON")  # bytes go through the codec, and out by err if they must
        words.close_input()
        deployment.wait()  # until every onramp has come to its end
        account = deployment.stop()  # drains, then tells where every event went
        for event in deployment.offramp("result").events:
            print(event["count"], event["event"]["word"])
        for error in deployment.offramp("errors").events:
            print("rejected:", error["data"])
    print(account.equation())


if __name__ == "__main__":
    main()
