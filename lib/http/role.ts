/** What somebody may: look, or change something as well. */
export type Role = "viewer" | "admin";
