import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { RevocationLists } from "../../lib/net/revocation_lists.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What `openssl req` and `openssl ca -gencrl` are told: the key of the authority, and how it signs its list. */
const kinds: [name: string, key: string, sign: string][] = [
  ["RSA with SHA-256", "rsa:2048", "-md sha256"],
  ["RSA with SHA-384", "rsa:2048", "-md sha384"],
  ["RSA with SHA-512", "rsa:2048", "-md sha512"],
  ["RSA-PSS with SHA-256", "rsa:2048", "-md sha256 -sigopt rsa_padding_mode:pss"],
  [
    "RSA-PSS with SHA-512 and a salt of its own",
    "rsa:2048",
    "-md sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20",
  ],
  ["ECDSA on P-256", "ec -pkeyopt ec_paramgen_curve:P-256", "-md sha256"],
  ["ECDSA on P-384", "ec -pkeyopt ec_paramgen_curve:P-384", "-md sha384"],
  ["Ed25519", "ed25519", "-md default"],
];
/** Those that differ from another in the length of a hash or a curve alone. */
const MORE_OF_A_KIND = ["RSA with SHA-384", "RSA with SHA-512", "ECDSA on P-384"];
for (const [name, key, sign] of kinds) {
  certificateTest(
    `a list that is signed by ${name} is taken, and what is in it refused`,
    async (files) => {
      await makeAuthority(files, "own", key);
      await makeClients(files, "own");
      const list = await makeList(files, "own", sign, "bad");
      const lists = new RevocationLists(list, [files.text("own.crt")]);
      assert.equal(lists.refusal(der(files, "good"), Date.now()), undefined);
      assert.match(lists.refusal(der(files, "bad"), Date.now())!, /it is revoked$/);
      assert.match(lists.refusal(der(files, "good"), Date.now() + 9 * DAY_MS)!, /is out of date$/);
      assert.match(lists.refusal(der(files, "client"), Date.now())!, /there is no revocation list/);
      // Any bit may be the one that was changed: the last is of the signature, that in the middle of what is signed.
      const bytes = Uint8Array.fromBase64(list.replace(/-----.*-----|\s/g, ""));
      for (const at of [bytes.length - 1, bytes.indexOf(0x17) + 4]) {
        const changed = bytes.slice();
        changed[at]! ^= 1;
        assert.throws(() => new RevocationLists(pem(changed), [files.text("own.crt")]), NOT_SIGNED);
      }
    },
    MORE_OF_A_KIND.includes(name),
  );
}

certificateTest(
  "a list that another authority of the same name has signed is refused",
  async (files) => {
    await makeAuthority(files, "own", "rsa:2048");
    const own = files.text("own.crt");
    const key = files.text("own.key");
    await makeClients(files, "own");
    for (const kind of ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ed25519"]) {
      await makeAuthority(files, "own", kind);
      const list = await makeList(files, "own", kind === "ed25519" ? "-md default" : "-md sha256");
      assert.throws(() => new RevocationLists(list, [own]), NOT_SIGNED);
      // Where both are trusted, each may have its list, and what one has revoked is revoked.
      const other = files.text("own.crt");
      await Deno.writeTextFile(files.path("own.crt"), own);
      await Deno.writeTextFile(files.path("own.key"), key);
      const lists = new RevocationLists(await makeList(files, "own", "-md sha256", "bad") + list, [
        own,
        other,
      ]);
      assert.match(lists.refusal(der(files, "bad"), Date.now())!, /it is revoked$/);
      assert.equal(lists.refusal(der(files, "good"), Date.now()), undefined);
    }
  },
);

const refused: [name: string, sign: string, message: RegExp][] = [
  ["is signed with SHA-1", "-md sha1", /^Cannot check a signature of algorithm 1\.2\.840\.113549/],
  [
    "is signed with RSA-PSS and SHA-1",
    "-md sha1 -sigopt rsa_padding_mode:pss",
    /^Cannot check a signature of RSA-PSS with this digest/,
  ],
  [
    "has only the changes to another",
    "-md sha256 -crlexts delta",
    /its extension 2\.5\.29\.27 is not understood/,
  ],
];
for (const [name, sign, message] of refused) {
  certificateTest(`a list that ${name} is refused`, async (files) => {
    await makeAuthority(files, "own", "rsa:2048");
    const list = await makeList(files, "own", sign);
    assert.throws(() => new RevocationLists(list, [files.text("own.crt")]), { message });
  });
}

certificateTest("a list of an authority that is not trusted is refused", async (files) => {
  await makeAuthority(files, "own", "rsa:2048");
  const list = await makeList(files, "own", "-md sha256");
  assert.throws(() => new RevocationLists(list, [files.text("ca.crt")]), {
    message: /no authority of cafile issued it$/,
  });
});

const NOT_SIGNED = { message: /the authority of cafile that it names has not signed it$/ };

async function makeAuthority(files: Certificates, name: string, key: string): Promise<void> {
  await files.openssl(
    `req -x509 -newkey ${key} -nodes -days 30 -subj /CN=Own -keyout ${name}.key -out ${name}.crt`,
  );
}

/** `good` and `bad`, with the serial numbers 1 and 2. */
async function makeClients(files: Certificates, authority: string): Promise<void> {
  for (const [index, name] of ["good", "bad"].entries()) {
    await files.openssl(`req -new -key client.key -subj /CN=${name} -out ${name}.csr`);
    await files.openssl(
      `x509 -req -in ${name}.csr -CA ${authority}.crt -CAkey ${authority}.key -set_serial ${
        index + 1
      } -days 20 -out ${name}.crt`,
    );
  }
}

/** The list of an authority in PEM, with one certificate that it has revoked. */
async function makeList(
  files: Certificates,
  authority: string,
  sign: string,
  revoked?: string,
): Promise<string> {
  const settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n";
  const delta = "[delta]\n2.5.29.27=critical,DER:02:01:01\n";
  await Deno.writeTextFile(files.path("ca.conf"), settings + delta);
  await Deno.writeTextFile(files.path("index.txt"), "");
  const ca = `ca -config ca.conf -cert ${authority}.crt -keyfile ${authority}.key`;
  if (revoked !== undefined) await files.openssl(`${ca} -revoke ${revoked}.crt`);
  await files.openssl(`${ca} -gencrl -crldays 7 ${sign} -out list.pem`);
  return files.text("list.pem");
}

function der(files: Certificates, name: string): Uint8Array {
  return new Uint8Array(new X509Certificate(files.text(`${name}.crt`)).raw);
}

function pem(bytes: Uint8Array): string {
  return `-----BEGIN X509 CRL-----\n${bytes.toBase64()}\n-----END X509 CRL-----\n`;
}
