/** Another user than root, whom some servers refuse to serve. */
export const NOBODY = 65_534;

export const isRoot = process.getuid?.() === 0;

/** As options of `spawn`: root becomes somebody else, everyone else stays who they are. */
export const notAsRoot = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
