import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SignJWT } from "jose";

const SecretId = process.env.TOKEN_SECRET_ARN;
const { SecretString } = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId }));
const key = new TextEncoder().encode(SecretString);

/**
 * @param sub the user
 * @param rooms the rooms that the user may log in to: names, or patterns such as `order-*`
 */
export const mintToken = (sub: string, rooms: string[]) =>
  new SignJWT({ sub, rooms }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(key);
