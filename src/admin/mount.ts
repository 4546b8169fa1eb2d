import { Hono } from "hono";
import type { AdminVariables } from "./guard.ts";
import { platformAdminPorts } from "./platform.ts";
import { adminRoutes } from "./routes.tsx";

/** The maintainers' part as one app, loaded with the first request for it. */
export const admin = new Hono<AdminVariables>().route("/admin", adminRoutes(platformAdminPorts));
