export { Downlink } from "./downlink.ts";
export type { DownlinkProps } from "./downlink-props.ts";
export { DownlinkStack, type DownlinkStackProps } from "./downlink-stack.ts";
export type { Tables } from "./tables.ts";
