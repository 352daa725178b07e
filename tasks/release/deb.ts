/**
 * The Debian package: executable, unit, user, conffile, man page and completions, put together by `dpkg-deb`.
 *
 * The unit is the one that `flux-mqtt service` writes, for `/usr/bin`. The conffile lets this machine in and nobody else; who wants more
 * calls `flux-mqtt setup`. Removing the package keeps configuration and store, purging it takes both.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { unitText, USER_TEXT } from "../../lib/cli/service/unit.ts";
import { VERSION } from "../../lib/version.ts";

/** What the package is made of. */
export interface DebInit {
  /** The path of the executable. */
  readonly executable: string;
  /** Debian's name of the machine: `amd64`, `arm64`. */
  readonly architecture: string;
  /** What the program prints and where it goes: man page and completions. */
  readonly documents: Readonly<Record<"man" | "bash" | "zsh" | "fish", Uint8Array>>;
  /** The text of the licence. */
  readonly license: string;
  /** Who answers for the package: `NAME <ADDRESS>`, as {@linkcode maintainerOf} makes it. */
  readonly maintainer: string;
  /** The path of the package that is made. */
  readonly output: string;
}

const CONFIG = "/etc/flux-mqtt/flux.conf";

/** As without a configuration: this machine alone, without passwords. */
const CONFIG_TEXT =
  `# This machine alone may connect, without a password. To let others in, with passwords and TLS:
#   flux-mqtt setup --force
# Every option: flux-mqtt example-config; whether this file is valid: flux-mqtt check -c ${CONFIG}
persistence_location /var/lib/flux-mqtt

listener 1883 127.0.0.1
allow_anonymous true
`;

/**
 * As debhelper writes it: an administrator's word about the unit is kept, and a machine whose policy starts no services starts none.
 * systemd may be absent, as in a container, and a port may be taken: neither makes the package's installation fail.
 */
const POSTINST = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if ! getent passwd flux-mqtt >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/flux-mqtt \\
      --shell /usr/sbin/nologin flux-mqtt
  fi
  deb-systemd-helper unmask flux-mqtt.service >/dev/null || true
  if deb-systemd-helper --quiet was-enabled flux-mqtt.service; then
    deb-systemd-helper enable flux-mqtt.service >/dev/null || true
  else
    deb-systemd-helper update-state flux-mqtt.service >/dev/null || true
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    deb-systemd-invoke restart flux-mqtt.service >/dev/null ||
      echo "flux-mqtt does not start: journalctl -u flux-mqtt" >&2
  fi
fi
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop flux-mqtt.service >/dev/null || true
fi
`;

const POSTRM = `#!/bin/sh
set -e
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
  deb-systemd-helper mask flux-mqtt.service >/dev/null || true
fi
if [ "$1" = purge ]; then
  if command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper purge flux-mqtt.service >/dev/null || true
    deb-systemd-helper unmask flux-mqtt.service >/dev/null || true
  fi
  rm -rf /var/lib/flux-mqtt /var/lib/private/flux-mqtt /var/cache/flux-mqtt \\
    /var/cache/private/flux-mqtt /etc/flux-mqtt
fi
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
`;

/**
 * Who answers for the package, from `DEBFULLNAME` and `DEBEMAIL`, as Debian's own tools have it. Where the name is missing it is the holder
 * of the licence; where the address is, there is none.
 */
export function maintainerOf(
  license: string,
  environment: (name: string) => string | undefined,
): string {
  const holder = /^Copyright \(c\) [\d-]+ (.+)$/m.exec(license)?.[1] ?? "flux-mqtt";
  const name = environment("DEBFULLNAME") || holder;
  const address = environment("DEBEMAIL") || "";
  return address === "" ? name : `${name} <${address}>`;
}

/** Makes the package. Throws with dpkg-deb's words where it fails. */
export async function makeDeb(init: DebInit): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "flux-deb-" });
  try {
    await Deno.chmod(folder, 0o755);
    await layOut(folder, init);
    const { success, stderr } = await new Deno.Command("dpkg-deb", {
      args: ["--build", "--root-owner-group", "-Zxz", folder, init.output],
    }).output();
    if (!success) {
      throw new Error(`Cannot build ${init.output}: ${new TextDecoder().decode(stderr)}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function layOut(folder: string, init: DebInit): Promise<void> {
  const { executable, documents, license } = init;
  const unit = unitText("/usr/bin/flux-mqtt", CONFIG, true);
  const copyright =
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\n` +
    `License: Expat\n${license.trim().replace(/^/gm, " ").replace(/^ $/gm, " .")}\n`;
  const files: readonly (readonly [path: string, content: string | Uint8Array, mode?: number])[] = [
    ["usr/bin/flux-mqtt", await Deno.readFile(executable), 0o755],
    ["usr/lib/systemd/system/flux-mqtt.service", unit],
    ["usr/lib/sysusers.d/flux-mqtt.conf", USER_TEXT],
    [CONFIG.slice(1), CONFIG_TEXT],
    ["usr/share/man/man1/flux-mqtt.1.gz", compressed(documents.man)],
    ["usr/share/bash-completion/completions/flux-mqtt", documents.bash],
    ["usr/share/zsh/vendor-completions/_flux-mqtt", documents.zsh],
    ["usr/share/fish/vendor_completions.d/flux-mqtt.fish", documents.fish],
    ["usr/share/doc/flux-mqtt/copyright", copyright],
    ["usr/share/doc/flux-mqtt/changelog.gz", compressed(changelogText(init))],
  ];
  let installedBytes = 0;
  let sums = "";
  for (const [path, content, mode = 0o644] of files) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    installedBytes += bytes.length;
    if (path !== CONFIG.slice(1)) sums += `${md5(bytes)}  ${path}\n`;
    await write(`${folder}/${path}`, bytes, mode);
  }
  const control = controlText(init, Math.ceil(installedBytes / 1024));
  const scripts = { postinst: POSTINST, prerm: PRERM, postrm: POSTRM };
  const parts = { control, conffiles: `${CONFIG}\n`, md5sums: sums, ...scripts };
  for (const [name, text] of Object.entries(parts)) {
    const mode = Object.hasOwn(scripts, name) ? 0o755 : 0o644;
    await write(`${folder}/DEBIAN/${name}`, new TextEncoder().encode(text), mode);
  }
}

function controlText({ architecture, maintainer }: DebInit, installedKb: number): string {
  return `Package: flux-mqtt
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedKb}
Depends: libc6, libgcc-s1, passwd
Section: net
Priority: optional
Description: MQTT broker for 3.1, 3.1.1 and 5.0, with its clients
 It reads mosquitto's configuration, password and ACL files, keeps what it has
 acknowledged over a power cut, and has a dashboard and metrics.
`;
}

async function write(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o755 });
  await Deno.writeFile(path, bytes, { mode });
  await Deno.chmod(path, mode);
}

/** Debian's form of it. The time is that of the sources where `SOURCE_DATE_EPOCH` says so, and now where nothing does. */
function changelogText({ maintainer }: DebInit): Uint8Array {
  const seconds = Number(Deno.env.get("SOURCE_DATE_EPOCH") ?? Date.now() / 1000);
  const time = new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
  return new TextEncoder().encode(`flux-mqtt (${VERSION}) unstable; urgency=medium

  * What has changed: CHANGELOG.md of flux-mqtt's sources.

 -- ${maintainer}  ${time}
`);
}

/** With no time in it: the same text makes the same file. */
function compressed(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9 });
}

/** What dpkg compares with, to find damaged files. */
function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
