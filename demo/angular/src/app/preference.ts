/** Whether this tab renews ahead of time, or, with `?lazy`, when somebody asks for a token that has ended. */
export const isLazy = (): boolean => new URLSearchParams(location.search).has('lazy');
