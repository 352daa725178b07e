import { strict as assert } from "node:assert";
import { makeClone, Reader } from "./reader.ts";

/** Every command in the `sh` blocks of README and guide, as a reader types them, in a clone of their own. */

const ROOT = new URL("../../", import.meta.url);

/** Commands that are not run, and why. */
const NOT_RUN: readonly (readonly [command: RegExp, reason: string])[] = [
  [/\btask (test|ok)\b/, "this test is part of it"],
  [
    /\btask (sim|crash|fuzz|acceptance|bench|growth)\b/,
    "it takes minutes, and has tests of its own",
  ],
  [
    /\btask (compile|smoke|release)\b/,
    "it needs Deno's base executable: `deno task smoke` tries it",
  ],
  [/\btask dev\b/, "it is `deno task start`, again after every change"],
  [/\bpasswd\b(?!.*--stdin)/, "it asks at a terminal"],
  [
    /^(sudo|systemctl|docker|podman|apt-get|apt|brew|git|curl|wget|install|cp|man)\b/,
    "it is about the machine around",
  ],
];

/** The commands of one block, without comments. */
function commandsIn(block: string): string[] {
  const joined = block.replaceAll(/\\\n\s*/g, "");
  return joined.split("\n").map((line) => line.replace(/(^|\s+)#\s.*$/, "").trim()).filter((line) =>
    line !== ""
  );
}

/** The blocks of one language in Markdown. */
function blocksOf(markdown: string, language: string): string[] {
  const fence = new RegExp("^```" + language + "\\n([\\s\\S]*?)^```$", "gm");
  return [...markdown.matchAll(fence)].map(([, block = ""]) => block);
}

async function isInstalled(command: string): Promise<boolean> {
  try {
    await new Deno.Command(command, { args: ["--help"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

/** README and the pages of the guide that have commands to type. */
async function pagesWithCommands(): Promise<readonly (readonly [string, string[][]])[]> {
  const names = [...Deno.readDirSync(new URL("lib/guide/", ROOT))].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).toSorted();
  const pages = ["README.md", ...names.map((name) => `lib/guide/${name}`)].map(async (page) => {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    return [page, blocksOf(text, "sh").map(commandsIn)] as const;
  });
  return (await Promise.all(pages)).filter(([, blocks]) => blocks.length > 0);
}

/** Types the commands of one block, and holds the subscriber to what the publisher beside it sends. */
async function typeBlock(
  reader: Reader,
  commands: readonly string[],
  t: Deno.TestContext,
): Promise<void> {
  for (const command of commands) {
    const [, reason] = NOT_RUN.find(([pattern]) => pattern.test(command)) ??
      (!hasMosquitto && command.startsWith("mosquitto_") ? ["", "it is not installed"] : []);
    // deno-lint-ignore no-console -- whoever reads the results is to know
    if (reason !== undefined) console.log(`Not run: ${command}: ${reason}`);
    else await t.step(command, () => reader.type(command));
  }
  const published = commands.find((command) => /(_pub|\bpub) .*-m /.test(command));
  const [, topic, message] = /-t (\S+) -m '(.*)'/.exec(published ?? "") ?? [];
  const isHeard = commands.some((command) => /(_sub|\bsub) .*-v/.test(command));
  const isRun = hasMosquitto || published?.startsWith("mosquitto_") === false;
  if (isRun && isHeard && topic !== undefined) {
    await t.step(`prints: ${topic} ${message}`, () => hear(reader, published!, topic, message!));
  }
  await reader.endBlock();
}

/** The subscriber may have come later than the message, which is sent again then. */
async function hear(
  reader: Reader,
  published: string,
  topic: string,
  message: string,
): Promise<void> {
  let sent = Promise.resolve();
  const sending = setInterval(() => sent = sent.then(() => reader.type(published)), 500);
  try {
    await reader.untilPrinted(`${topic} ${message}`);
  } finally {
    clearInterval(sending);
    await sent;
  }
}

const hasMosquitto = await isInstalled("mosquitto_pub");

Deno.test("commandsIn() leaves comments out and joins lines", () => {
  const block = "# first\nnpx -y deno@2 task start   # it runs\n\na \\\n  -t 'x/#' -v\n";
  assert.deepEqual(commandsIn(block), ["npx -y deno@2 task start", "a -t 'x/#' -v"]);
});

for (const [page, blocks] of await pagesWithCommands()) {
  Deno.test({
    name: `every command of ${page} works, or is told not to be run and why`,
    ignore: Deno.build.os === "windows",
    sanitizeOps: true,
    sanitizeResources: true,
    fn: async (t) => {
      const directory = await Deno.makeTempDir({ prefix: "flux-guide-" });
      const reader = new Reader(directory);
      try {
        await makeClone(directory);
        for (const commands of blocks) await typeBlock(reader, commands, t);
      } finally {
        await reader.leave();
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
