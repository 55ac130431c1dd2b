/** Names in braces: "{src_ip} called {n} times" → src_ip, n. */
export function placeholders(template: string): string[] {
  return [...template.matchAll(/\{([a-z_0-9]+)\}/g)].map((match) => match[1]!);
}
