import { conformance } from "../conformance/conformance.ts";
import { startTarget } from "./local-target.ts";

conformance("on this machine", () => startTarget({ environmentsMax: 4 }));
