/** What a signed request says of its signature (Version 4). */
export interface ParsedSignature {
  accessKeyId: string;
  /** `20250101` */
  day: string;
  region: string;
  service: string;
  signedHeaders: string[];
  /** In hexadecimal digits. */
  signature: string;
}

const headerPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/\s]+)\/(\d{8})\/([^/\s]+)\/([^/\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

/** Reads the header `Authorization`; `undefined` if it is not that of a signed request. */
export function parseAuthorization(authorization: string): ParsedSignature | undefined {
  const [, accessKeyId, day, region, service, signed, signature] = headerPattern.exec(authorization) ?? [];
  if (!accessKeyId || !day || !region || !service || !signed || !signature) return undefined;
  return { accessKeyId, day, region, service, signedHeaders: signed.split(";"), signature };
}

/** The moment of `20250101T000000Z`; an invalid date, which has no age, for anything else. */
export const parseAmzDate = (compact: string) =>
  new Date(compact.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
