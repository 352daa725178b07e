import { strict as assert } from "node:assert";
import type { EnhancedStep } from "../../lib/broker/mod.ts";
import { makeScramCredential, parseScramFile, ScramExchange } from "../../lib/auth/mod.ts";
import { saslPrep } from "../../lib/auth/sasl_prep.ts";
import { dummyCredential } from "../../lib/auth/scram_credential.ts";
import { ScramClient } from "../support/scram_client.ts";

/** The example of RFC 7677: user `user`, password `pencil`. */
const EXAMPLE = {
  first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  challenge:
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  final:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  signature: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
};

function credentialOf(password: string, salt?: string) {
  const text = makeScramCredential(password, 4096)!;
  const line = salt === undefined ? text : ScramClient.credential(password, salt, 4096);
  const parsed = parseScramFile("f", `user:${line}`);
  if (!parsed.isValid) throw new Error(parsed.problems.join("\n"));
  return parsed.value.get("user")!;
}

/** Plays the client's messages; returns the broker's answers as text. */
function play(
  messages: readonly (string | undefined)[],
  init: { nonce?: string; isCurrent?: boolean } = {},
) {
  const credential = credentialOf("pencil", EXAMPLE.salt);
  let failures = 0;
  const exchange = new ScramExchange({
    credentialOf: () => credential,
    isCurrent: () => init.isCurrent ?? true,
    onFailure: () => failures++,
    makeNonce: () => init.nonce ?? EXAMPLE.nonce,
  });
  const answers = messages.map((message) => {
    let answer: EnhancedStep | undefined;
    const data = message === undefined ? undefined : new TextEncoder().encode(message);
    exchange.step(data, (step) => answer = step);
    if (answer === undefined) return "nothing";
    if (answer.type === "failure") return `failure ${answer.reasonCode.toString(16)}`;
    return `${answer.type} ${new TextDecoder().decode(answer.data)}`;
  });
  return { answers, failures };
}

function answerOf(exchange: ScramExchange, data: Uint8Array): EnhancedStep {
  const answers: EnhancedStep[] = [];
  exchange.step(data, (step) => answers.push(step));
  assert.equal(answers.length, 1);
  return answers[0]!;
}

function dataOf(step: EnhancedStep): Uint8Array {
  return step.type === "failure" ? new Uint8Array() : step.data!;
}

Deno.test("The example of RFC 7677 is answered as it stands there", () => {
  const { answers, failures } = play([EXAMPLE.first, EXAMPLE.final]);
  assert.deepEqual(answers, [`continue ${EXAMPLE.challenge}`, `success ${EXAMPLE.signature}`]);
  assert.equal(failures, 0);
});

const refused: [messages: (string | undefined)[], why: string][] = [
  [[undefined], "there is no first message"],
  [["nonsense"], "it is not a message of SCRAM"],
  [["p=tls-unique,,n=user,r=abc"], "channel binding is not offered"],
  [["n,a=admin,n=user,r=abc"], "nobody acts for somebody else"],
  [["n,,m=x,n=user,r=abc"], "it asks for an extension"],
  [["n,,n=us=er,r=abc"], "= in a name is written =3D"],
  [["n,,n=,r=abc"], "the name is empty"],
  [["n,,n=user,r="], "there is no nonce"],
  [[EXAMPLE.first, EXAMPLE.final.replace("dHzb", "dHzc")], "the proof is wrong"],
  [[EXAMPLE.first, EXAMPLE.final.replace(/p=.*/, "p=AAAA")], "the proof is too short"],
  [[EXAMPLE.first, EXAMPLE.final.replace("r=rOpr", "r=xOpr")], "the nonce is another"],
  [[EXAMPLE.first, EXAMPLE.final.replace("c=biws", "c=eSws")], "the header is another"],
  [["y" + EXAMPLE.first.slice(1), EXAMPLE.final], "the header was another"],
  [[EXAMPLE.first, undefined], "there is no second message"],
  [["\u0000".repeat(5000)], "it is too long"],
];
for (const [messages, why] of refused) {
  Deno.test(`An exchange fails, and is counted, where ${why}`, () => {
    const { answers, failures } = play(messages);
    assert.equal(answers.at(-1), "failure 87");
    assert.equal(failures, 1);
  });
}

Deno.test("A proof that is right of another nonce is refused", () => {
  const credential = credentialOf("pencil");
  const exchange = new ScramExchange({
    credentialOf: () => credential,
    isCurrent: () => true,
    onFailure: () => {},
  });
  const client = new ScramClient("user", "pencil");
  const challenge = answerOf(exchange, client.first());
  assert.equal(answerOf(exchange, client.final(dataOf(challenge), "abc")).type, "failure");
});

Deno.test("After a failure or a success an exchange is over", () => {
  const wrong = EXAMPLE.final.replace("dHzb", "dHzc");
  assert.deepEqual(play([EXAMPLE.first, wrong, EXAMPLE.final]).answers.slice(1), [
    "failure 87",
    "failure 87",
  ]);
  assert.equal(play([EXAMPLE.first, EXAMPLE.final, EXAMPLE.final]).answers[2], "failure 87");
});

Deno.test("A user that has gone, or whose credential is a new one, does not come in", () => {
  const { answers } = play([EXAMPLE.first, EXAMPLE.final], { isCurrent: false });
  assert.equal(answers[1], "failure 87");
});

Deno.test("The credentials that we make are recognized, with any password", () => {
  for (const password of ["pencil", "pass word", "pässwört", "I\u00ADX", "ª"]) {
    const credential = credentialOf(password);
    const exchange = new ScramExchange({
      credentialOf: () => credential,
      isCurrent: () => true,
      onFailure: () => {},
    });
    const client = new ScramClient("user", password);
    const challenge = answerOf(exchange, client.first());
    assert.equal(challenge.type, "continue", password);
    const last = answerOf(exchange, client.final(dataOf(challenge)));
    assert.equal(last.type, "success", password);
    assert(client.isServer(dataOf(last)), password);
  }
});

Deno.test("A user that does not exist is asked with a salt that stays the same, and looks like the others", () => {
  const users = new Map([["user", credentialOf("pencil")]]);
  const key = new Uint8Array(32).fill(7);
  const one = dummyCredential(key, "nobody", users);
  assert.deepEqual(dummyCredential(key, "nobody", users).salt, one.salt);
  assert.notDeepEqual(dummyCredential(key, "somebody", users).salt, one.salt);
  assert.equal(one.salt.length, users.get("user")!.salt.length);
  assert.equal(one.iterations, 4096);
});

const GOOD = ScramClient.credential("x", EXAMPLE.salt, 4096);
const lines: [line: string, problem: RegExp | undefined][] = [
  [`a:${GOOD}`, undefined],
  ["a:$7$101$AAAA$AAAA", /^f:1: a: Is not of the form SCRAM-SHA-256\$/],
  [`a:${GOOD.replace("4096", "4095")}`, /^f:1: a: Must have at least 4096 iterations, has 4095$/],
  [`a:${GOOD.replace(/=$/, "")}`, /^f:1: a: Must have a salt and two keys/],
];
for (const [line, problem] of lines) {
  Deno.test(`A scram_file with ${line} is ${problem === undefined ? "taken" : "refused"}`, () => {
    const parsed = parseScramFile("f", line);
    if (problem === undefined) assert(parsed.isValid);
    else assert.match(parsed.isValid ? "" : parsed.problems[0]!, problem);
  });
}

const prepared: [text: string, prepared: string | undefined][] = [
  ["I\u00ADX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00AA", "a"],
  ["\u2168", "IX"],
  ["\u0007", undefined],
  ["a\u00A0b", "a b"],
];
for (const [text, expected] of prepared) {
  Deno.test(`saslPrep(${JSON.stringify(text)}) is ${JSON.stringify(expected)}`, () => {
    assert.equal(saslPrep(text), expected);
  });
}
