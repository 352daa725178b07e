import {
  type Config,
  type ConfigSources,
  loadConfig,
  parseArguments,
} from "../../lib/config/mod.ts";

/** What a test gives; the rest is empty. `file` is the text of the file `m.conf`. */
export interface Given {
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command line without `-c`. */
  readonly flags?: string;
  readonly user?: ConfigSources["user"];
  /** Addresses by interface; absent: nobody may ask. */
  readonly interfaces?: Readonly<Record<string, readonly string[]>>;
  /** Further files by path, for `include_dir`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The valid configuration of what is given; throws with its problems where it is not valid. */
export function load(given: Given): Config {
  const result = loadConfig(sources(given));
  if (!result.isValid) throw new Error(result.problems.join("\n"));
  return result.config;
}

/** The problems of what is given; throws where there are none. */
export function problems(given: Given): readonly string[] {
  const result = loadConfig(sources(given));
  if (result.isValid) throw new Error("The configuration is valid");
  return result.problems;
}

/** The text and origin of an option: `1 m.conf:3`. */
export function shown(config: Config, name: string, listener = ""): string {
  const setting = config.settings.find((setting) =>
    setting.option.name === name && setting.listener === listener
  );
  return setting === undefined ? "absent" : `${setting.text} ${setting.origin}`;
}

function sources(given: Given): ConfigSources {
  const files = { ...given.files, ...(given.file === undefined ? {} : { "m.conf": given.file }) };
  const text = new Map(Object.entries(files));
  const { flags } = parseArguments(given.flags?.split(" ") ?? []);
  return {
    file: given.file === undefined ? "" : "m.conf",
    environment: given.environment ?? {},
    flags,
    addressesOf(name) {
      if (given.interfaces === undefined) throw new Error("start with the permission");
      return given.interfaces[name] ?? [];
    },
    user: given.user ?? { name: "alice", isRoot: false },
    readFile(path) {
      const found = text.get(path);
      if (found === undefined) throw new Error(`No such file: ${path}`);
      return found;
    },
    listDirectory(path) {
      const folder = path.replace(/\/?$/, "/");
      const names = [...text.keys()].filter((key) => key.startsWith(folder));
      if (names.length === 0) throw new Deno.errors.NotFound(`No such directory: ${path}`);
      return names.map((key) => key.slice(folder.length));
    },
  };
}
