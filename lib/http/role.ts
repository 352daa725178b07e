/** A user's rights: a viewer may only read, an admin may change things too. */
export type Role = "viewer" | "admin";
