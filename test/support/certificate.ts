import { generateKeyPairSync, sign } from "node:crypto";

/** A key and a certificate for one address, signed by itself, made anew: none lies about to be taken. */
export function makeCertificate(address: readonly number[] = [127, 0, 0, 1]): {
  readonly key: string;
  readonly cert: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // RFC 5280 section 4.1, in DER (X.690): a tag, a length, the content.
  const name = der(0x30, der(0x31, der(0x30, oid(0x55, 4, 3), der(0x0c, Buffer.from("localhost")))));
  const algorithm = der(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
  const validity = der(0x30, ...["000101000000Z", "491231235959Z"].map((time) => der(0x17, Buffer.from(time))));
  const names = der(0x30, der(0x87, Buffer.from(address)));
  const extension = der(0x30, oid(0x55, 0x1d, 0x11), der(0x04, names));
  const toSign = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", toSign, privateKey));
  const base64 = der(0x30, toSign, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { key: String(privateKey.export({ type: "pkcs8", format: "pem" })), cert };
}

function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}
