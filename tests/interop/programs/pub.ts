import { strict as assert } from "node:assert";
import type { Properties } from "../../../lib/codec/mod.ts";
import { callFlux } from "../../support/flux.ts";
import type { Program } from "./program.ts";
import { TOPIC, tryInEach } from "./pub_case.ts";
import { gist, type Stage } from "./stage.ts";

/** A file named `mosquitto_pub` is found under HOME or XDG_CONFIG_HOME, and says what to publish. */
async function tryEnvironment(stage: Stage): Promise<void> {
  const home = `${stage.directory}/home`;
  await stage.file("home/.config/mosquitto_pub", "-t env/file\n-m message\n");
  for (const env of [{ HOME: home }, { XDG_CONFIG_HOME: `${home}/.config` }]) {
    await stage.asBoth(async (actor) => {
      const running = () => actor("pub", [...stage.way, "-q", "1"], { env });
      const [packet] = await stage.heard(running, 1);
      assert.deepEqual(gist(packet!), {
        topicName: "env/file",
        text: "message",
        qos: 0,
        retain: false,
      });
    });
  }
}

/** Flags come from the file of `-o` alone. mosquitto_pub 2.0 has no such flag. */
async function tryOptionsFile(stage: Stage): Promise<void> {
  for (const version of ["mqttv31", "mqttv311", "mqttv5"]) {
    const lines = [stage.way.slice(0, 2), stage.way.slice(2), ["-V", version], TOPIC, [
      "-m",
      "message",
    ]];
    const path = await stage.file("options", lines.map((words) => `${words.join(" ")}\n`).join(""));
    const [packet] = await stage.heard(() => callFlux(["pub", "-o", path]), 1);
    assert.equal(gist(packet!).text, "message");
  }
}

/** The flags of all properties of PUBLISH, and what becomes of them. */
const PROPERTY_FLAGS = {
  "content-type": "application/json",
  "correlation-data": "some-data",
  "message-expiry-interval": "59",
  "payload-format-indicator": "1",
  "response-topic": "/dev/null",
  "topic-alias": "4",
};
const PROPERTIES: Properties = {
  contentType: "application/json",
  correlationData: new TextEncoder().encode("some-data"),
  messageExpiryInterval: 59,
  payloadFormatIndicator: 1,
  responseTopic: "/dev/null",
  userProperties: [["publish", "up"]],
};

async function tryProperties(stage: Stage): Promise<void> {
  const given = Object.entries(PROPERTY_FLAGS).flatMap((words) => ["-D", "publish", ...words]);
  const flags = [...TOPIC, "-m", "x", "-q", "1", "-V", "5", ...given];
  await stage.asBoth(async (actor) => {
    const pair = ["-D", "publish", "user-property", "publish", "up"];
    const running = () => actor("pub", [...stage.way, ...flags, ...pair]);
    const [packet] = await stage.heard(running, 1, 1);
    const { correlationData, ...rest } = packet!.properties!;
    const expected = { topicName: "03/pub", text: "x", qos: 1, retain: false };
    const whole = { ...rest, correlationData: new Uint8Array(correlationData!) };
    assert.deepEqual(gist({ ...packet!, properties: whole }), {
      ...expected,
      properties: PROPERTIES,
    });
  });
}

/** What became of mosquitto's programs for mosquitto_pub, but those of wrong command lines and of ways to the broker. */
export const PUB_PROGRAMS = {
  "03-publish-env": {
    holds: "flags come from a file under HOME/.config or XDG_CONFIG_HOME",
    run: tryEnvironment,
  },
  "03-publish-file-empty": {
    holds: "-f with an empty file publishes an empty payload",
    run: async (stage) => {
      const path = await stage.file("empty", "");
      await tryInEach(stage, { flags: [...TOPIC, "-q", "1", "-f", path], heard: [""] });
    },
  },
  "03-publish-file": {
    holds: "-f publishes the file as one message, with its newlines",
    run: async (stage) => {
      const path = await stage.file("lines", "line1\nline2\n");
      await tryInEach(stage, { flags: [...TOPIC, "-f", path], heard: ["line1\nline2\n"] });
    },
  },
  "03-publish-options-file": {
    holds: "-o names a file that has all the flags",
    run: tryOptionsFile,
  },
  "03-publish-qos0-empty": {
    holds: "-n publishes an empty payload",
    run: (stage) => tryInEach(stage, { flags: [...TOPIC, "-n"], heard: [""] }),
  },
  "03-publish-qos1-properties": {
    holds: "-D publish gives every property that a PUBLISH may have, and a Topic Alias",
    run: tryProperties,
  },
  "03-publish-qos1": {
    holds: "QoS 1 is published, and its acknowledgement awaited",
    run: (stage) =>
      tryInEach(stage, {
        flags: [...TOPIC, "-m", "message", "-q", "1"],
        heard: ["message"],
        qos: 1,
      }),
  },
  "03-publish-repeat": {
    holds: "--repeat publishes again, --repeat-delay later",
    run: (stage) => {
      const again = ["--repeat", "2", "--repeat-delay", "0.1"];
      const flags = [...TOPIC, "-m", "message", "-q", "1", ...again];
      return tryInEach(stage, { flags, heard: ["message", "message"] });
    },
  },
  "03-publish-stdin-file": {
    holds: "-s publishes standard input as one message",
    run: (stage) => {
      const init = { input: "message1\nmessage2" };
      return tryInEach(stage, {
        flags: [...TOPIC, "-s"],
        init,
        heard: ["message1\nmessage2"],
        versions: ["mqttv311"],
      });
    },
  },
  "03-publish-stdin-line": {
    holds: "-l publishes each line, also the last without a newline",
    run: (stage) => {
      const init = { input: "message1\nmessage2" };
      const flags = [...TOPIC, "-l", "-q", "2"];
      return tryInEach(stage, {
        flags,
        init,
        heard: ["message1", "message2"],
        versions: ["mqttv31", "mqttv5"],
      });
    },
  },
} as const satisfies Readonly<Record<string, Program>>;
