/** The fields of a Signature Version 4, as the `Authorization` header states them. */
export interface ParsedSignature {
  accessKeyId: string;
  /** `20250101` */
  day: string;
  region: string;
  service: string;
  /** Lower-case names. */
  signedHeaders: string[];
  /** 64 hexadecimal digits. */
  signature: string;
}

const headerPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/\s]+)\/(\d{8})\/([^/\s]+)\/([^/\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

/** @returns `undefined` if the header is not a Signature Version 4 */
export function parseAuthorization(authorization: string): ParsedSignature | undefined {
  const [, accessKeyId, day, region, service, signed, signature] = headerPattern.exec(authorization) ?? [];
  if (!accessKeyId || !day || !region || !service || !signed || !signature) return undefined;
  return { accessKeyId, day, region, service, signedHeaders: signed.split(";"), signature };
}

/** Parses an `X-Amz-Date` such as `20250101T000000Z`. Any other text gives an invalid date. */
export const parseAmzDate = (compact: string) =>
  new Date(compact.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
