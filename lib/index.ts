export { Downlink, type DownlinkProps } from "./downlink.ts";
export { DownlinkStack, type DownlinkStackProps } from "./downlink-stack.ts";
export type { Tables } from "./tables.ts";
