import { strict as assert } from "node:assert";
import { DEFAULT_HTTP_ACCESS_OPTIONS } from "../../lib/auth/http/options.ts";
import { DEFAULT_JWT_OPTIONS } from "../../lib/auth/jwt/options.ts";
import { DEFAULT_LISTENER_ACCESS } from "../../lib/auth/mod.ts";
import { DEFAULT_BROKER_OPTIONS, DEFAULT_LISTENER_OPTIONS } from "../../lib/broker/mod.ts";
import {
  BRIDGE_OPTIONS,
  FOREIGN_BRIDGE_OPTIONS,
  FOREIGN_OPTIONS,
  type Option,
  OPTIONS,
  REFUSED_OPTIONS,
} from "../../lib/config/mod.ts";
import { DEFAULT_HTTP_CONFIG } from "../../lib/config/http_config.ts";
import { BOOLEAN, brokerRows, choice, integer, processRows } from "../../lib/config/rows.ts";
import { DEFAULT_PROCESS_OPTIONS } from "../../lib/config/process_options.ts";
import { parseValue, showValue } from "../../lib/config/value.ts";
import { DEFAULT_TRANSPORT_OPTIONS } from "../../lib/config/transport_options.ts";
import { DEFAULT_LOG_OPTIONS } from "../../lib/observe/mod.ts";
import { load, problems } from "./support.ts";

Deno.test("every row of the option table has a description, a unit and a default that its own type accepts", () => {
  for (const option of OPTIONS) {
    assert.match(option.description, /^[A-Z].*\.$/, option.name);
    assert.equal(typeof option.unit, "string", option.name);
    const text = showValue(option, option.default);
    if (text === "" || option.repeatable) continue;
    const parsed = parseValue(option.type, text);
    assert.deepEqual(parsed, { isValid: true, value: option.default }, option.name);
  }
});

Deno.test("a number that counts something says what: only max_qos and the port count nothing", () => {
  const bare = OPTIONS.filter((option) => option.type.kind === "integer" && option.unit === "");
  assert.deepEqual(bare.map((option) => option.name), ["port", "max_qos"]);
});

Deno.test("no name stands in the tables twice", () => {
  const names = [
    ...OPTIONS,
    ...BRIDGE_OPTIONS,
    ...FOREIGN_OPTIONS,
    ...FOREIGN_BRIDGE_OPTIONS,
    ...REFUSED_OPTIONS,
  ].map((option) => option.name);
  assert.equal(new Set(names).size, names.length);
});

const records = [
  ["broker", DEFAULT_BROKER_OPTIONS, []],
  ["listener", DEFAULT_LISTENER_OPTIONS, ["name", "allowAnonymous"]],
  ["process", DEFAULT_PROCESS_OPTIONS, []],
  ["access", DEFAULT_LISTENER_ACCESS, ["certificateUserName"]],
  ["jwt", DEFAULT_JWT_OPTIONS, []],
  ["service", DEFAULT_HTTP_ACCESS_OPTIONS, []],
  ["transport", DEFAULT_TRANSPORT_OPTIONS, []],
  ["http", DEFAULT_HTTP_CONFIG, []],
  ["log", DEFAULT_LOG_OPTIONS, ["level", "subscriptions", "destinations"]],
] as const;
for (const [record, defaults, decidedElsewhere] of records) {
  Deno.test(`every setting of the ${record} has exactly one row, whose default is its own`, () => {
    const keys = Object.keys(defaults).filter((key) =>
      !(decidedElsewhere as readonly string[]).includes(key)
    );
    const rows = OPTIONS.filter((option) => option.target.record === record);
    assert.deepEqual(rows.map(keyOf).sort(), keys.sort());
    for (const row of rows) {
      assert.deepEqual(row.default, (defaults as unknown as Record<string, unknown>)[keyOf(row)]);
    }
  });
}

Deno.test("a row whose type does not fit its setting is no TypeScript", () => {
  const brokerRow = brokerRows("The process");
  const processRow = processRows("The process");
  // @ts-expect-error: a count is no boolean
  brokerRow("x", "maxSessions", BOOLEAN, "");
  // @ts-expect-error: a boolean is no number
  brokerRow("x", "retainAvailable", integer(0, 1), "");
  // @ts-expect-error: one of the words is none of the setting's
  processRow("x", "durability", choice("always", "often"), "");
  // @ts-expect-error: the core has no such setting
  brokerRow("x", "maxSesions", integer(0, 1), "");
  assert.equal(brokerRow("x", "maxSessions", integer(0, 1), "").default, 100_000);
});

Deno.test("SIGHUP changes every option of the core but those that its tries are built on", () => {
  const fixed = OPTIONS.filter((option) => option.target.record === "broker" && !option.reloadable);
  assert.deepEqual(fixed.map((option) => option.name).sort(), [
    "allow_duplicate_messages",
    "hash_matches_parent",
    "max_topic_levels",
  ]);
});

for (const { name, refused } of REFUSED_OPTIONS) {
  Deno.test(`${name} is refused with its line and what to do`, () => {
    assert.deepEqual(problems({ file: `\n${name} x` }), [
      `m.conf:2: ${name}: Is not supported. ${refused}`,
    ]);
  });
}

Deno.test("every default in the table is what a broker without configuration gets", () => {
  const { name: _name, allowAnonymous: _anonymous, ...listener } = load({}).listeners[0]!.options;
  const { name: _own, allowAnonymous: _own2, ...defaults } = DEFAULT_LISTENER_OPTIONS;
  assert.deepEqual(listener, defaults);
  assert.deepEqual(load({}).broker, DEFAULT_BROKER_OPTIONS);
});

function keyOf({ target }: Option): string {
  return target.record === "loader" ? "" : target.key;
}
