import { type Config, problemAt } from "../config/mod.ts";
import { messageOf } from "./output.ts";

/** The files of bridges that cannot be read, each as `FILE:LINE: option: message`. */
export function bridgeProblems({ bridges }: Config): readonly string[] {
  return bridges.flatMap(({ options, settings, origin }) => {
    const { tls, remotePasswordFile } = options;
    const paths: readonly (readonly [option: string, path: string])[] = [
      ["bridge_cafile", tls?.cafile ?? ""],
      ["bridge_capath", tls?.capath ?? ""],
      ["bridge_certfile", tls?.certfile ?? ""],
      ["bridge_keyfile", tls?.keyfile ?? ""],
      ["remote_password_file", remotePasswordFile],
    ];
    return paths.filter(([, path]) => path !== "").flatMap(([name, path]) => {
      const at = settings.find(({ option }) => option.name === name)?.origin ?? origin;
      try {
        if (Deno.statSync(path).isDirectory) [...Deno.readDirSync(path)];
        else Deno.openSync(path).close();
        return [];
      } catch (error) {
        return [problemAt(at, name, `Cannot read ${path}: ${messageOf(error)}`)];
      }
    });
  });
}
