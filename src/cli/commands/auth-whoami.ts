import { command } from "../command.ts";
import { tick } from "../output.ts";
import { needToken } from "../need-token.ts";

export const authWhoami = command({
  brief: "Ask the Hub whose token is used",
  flags: {},
  run: async (_flags, context) => {
    const session = await context.session();
    const { aboutToken } = await import("../../api/index.ts");
    const { whoami } = await import("../../auth/index.ts");
    const { signal } = context;
    const { found, me } = await aboutToken(session, signal, async () => {
      const found = await needToken(session);
      return { found, me: await whoami(await session.hub("required"), { signal }) };
    });
    const { token } = me;
    const expiresAt = me.expiresAt ?? found.expiresAt;
    const orgs = me.orgs.map((org) => (org.role === undefined ? org.name : `${org.name} (${org.role})`));
    const permissions = token?.permissions;
    const rights = [
      token?.role ?? me.authType ?? "unknown",
      ...(permissions === undefined ? [] : [permissions.canReadGatedRepos ? "reads gated repos" : "no gated repos"]),
    ];
    const scopes = permissions?.scoped.map(
      (scope) => `    ${scope.entityType} ${scope.entityName ?? ""}: ${scope.permissions.join(", ")}`,
    );
    return {
      data: {
        user: me.name,
        type: me.type,
        fullName: me.fullName ?? null,
        email: me.email ?? null,
        orgs: me.orgs.map(({ name, role }) => ({ name, role: role ?? null })),
        tokenName: token?.name ?? null,
        role: token?.role ?? null,
        canReadGatedRepos: permissions?.canReadGatedRepos ?? null,
        permissions: permissions === undefined ? null : [...permissions.global],
        scoped:
          permissions?.scoped.map((scope) => ({
            type: scope.entityType,
            name: scope.entityName ?? null,
            permissions: [...scope.permissions],
          })) ?? null,
        expiresAt: expiresAt?.toISOString() ?? null,
        endpoint: session.settings.endpoint,
        source: found.source,
      },
      human: [
        `${tick(context.printer)} ${me.name}${me.fullName === undefined ? "" : ` (${me.fullName})`}`,
        ...(orgs.length === 0 ? [] : [`  orgs:     ${orgs.join(", ")}`]),
        `  token:    ${token?.name ?? "without a name"}, ${rights.join(", ")}`,
        ...(scopes ?? []),
        ...(expiresAt === undefined ? [] : [`  expires:  ${expiresAt.toISOString().slice(0, 10)}`]),
        `  endpoint: ${session.settings.endpoint}`,
        `  source:   ${found.source}`,
      ],
      quiet: [me.name],
    };
  },
});
