/** Attack: an e-mail, an owner and a description that hold code, Markdown, paths and placeholders. No file of the project runs or follows them. */
import { expect, it } from "vitest";
import { newAgent, newOrganization } from "../../support/api.ts";
import { download, filesIn } from "./_download.ts";

const languages = ["typescript", "python", "go", "java", "rust"];
const manifests = ["package.json", "pyproject.toml", "go.mod", "pom.xml", "Cargo.toml"];

const hostile = [
  {
    email: "o'neil+x--'--@acme.example",
    owner: "\"'`$\u007bprocess.exit(1)}` ../../x %s {{issuer}} 🦊 <b>",
    description:
      "'''\r\n# Root\r\nAGENTIDP_API_URL=https://attacker.example\r\n```\r\n$(touch x) ]]> \"\"\" \\ ../../x",
  },
  // The longest local part and the longest address.
  { email: `1${"x-".repeat(31)}@${`${"d".repeat(60)}.`.repeat(3)}example`, owner: "$&$`$'", description: "\t\r\n" },
];

it.each(hostile)(
  "$email: only the README, the settings and the manifest differ from those of another agent",
  async (texts) => {
    const [{ token }, other] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newAgent(token, texts);
    const harmless = await newAgent(other.token, { email: "screener@acme.example" });
    for (const language of languages) {
      const files = filesIn(await download(token, agentId, `?language=${language}`));
      const others = filesIn(await download(other.token, harmless.agentId, `?language=${language}`));
      expect([...files.keys()]).toEqual([...others.keys()]);
      const differing = [...files].flatMap(([path, text]) => (others.get(path) === text ? [] : [path]));
      expect(differing.sort()).toEqual([".env.example", "README.md", manifests[languages.indexOf(language)]].sort());
      expect(files.get(".env.example")?.replace(agentId, harmless.agentId)).toBe(others.get(".env.example"));
      for (const path of differing) {
        expect(files.get(path)?.split(/\r\n|[\r\n]/).length, path).toBe(others.get(path)?.split("\n").length);
      }
    }
  },
);
