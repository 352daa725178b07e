/**
 * The Debian package: executable, unit, user, conffile, man page and completions, put together by `dpkg-deb`.
 *
 * The unit is the one that `flux-mqtt service` writes, for `/usr/bin`. The conffile lets this machine in and nobody else; who wants more
 * calls `flux-mqtt setup`. Removing the package keeps configuration and store, purging it takes both.
 *
 * @module
 */
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

/** systemd may be absent, as in a container, and a port may be taken: neither makes the package's installation fail. */
const POSTINST = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if ! getent passwd flux-mqtt >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/flux-mqtt \\
      --shell /usr/sbin/nologin flux-mqtt
  fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
    if [ -z "$2" ]; then systemctl enable flux-mqtt.service || true; fi
    systemctl restart flux-mqtt.service || echo "flux-mqtt does not start: journalctl -u flux-mqtt" >&2
  fi
fi
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now flux-mqtt.service || true
fi
`;

const POSTRM = `#!/bin/sh
set -e
if [ "$1" = purge ]; then
  rm -rf /var/lib/flux-mqtt /var/lib/private/flux-mqtt /var/cache/flux-mqtt /etc/flux-mqtt
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
`;

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
    ["usr/share/man/man1/flux-mqtt.1.gz", await compressed(documents.man)],
    ["usr/share/bash-completion/completions/flux-mqtt", documents.bash],
    ["usr/share/zsh/vendor-completions/_flux-mqtt", documents.zsh],
    ["usr/share/fish/vendor_completions.d/flux-mqtt.fish", documents.fish],
    ["usr/share/doc/flux-mqtt/copyright", copyright],
  ];
  let installedBytes = 0;
  for (const [path, content, mode = 0o644] of files) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    installedBytes += bytes.length;
    await write(`${folder}/${path}`, bytes, mode);
  }
  const control = controlText(init.architecture, Math.ceil(installedBytes / 1024));
  const scripts = { postinst: POSTINST, prerm: PRERM, postrm: POSTRM };
  for (const [name, text] of Object.entries({ control, conffiles: `${CONFIG}\n`, ...scripts })) {
    const mode = Object.hasOwn(scripts, name) ? 0o755 : 0o644;
    await write(`${folder}/DEBIAN/${name}`, new TextEncoder().encode(text), mode);
  }
}

function controlText(architecture: string, installedKb: number): string {
  return `Package: flux-mqtt
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: flux-mqtt maintainers <maintainers@flux-mqtt.invalid>
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

async function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
