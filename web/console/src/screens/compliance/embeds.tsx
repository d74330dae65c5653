/** The controls on a page of one's own: lines to copy. */
import { Code } from "../../ui/code.tsx";
import { Section } from "../../ui/page.tsx";

const snippets = (origin: string) => [
  {
    label: "Element",
    text: `<script src="${origin}/embed/controls.js" defer></script>

<sentryagent-controls>
  The security controls of our identity provider:
  <a href="${origin}/embed/controls">see them there</a>.
</sentryagent-controls>`,
  },
  {
    label: "Iframe",
    text: `<iframe src="${origin}/embed/controls" title="Security controls" width="100%" height="1250" loading="lazy"
  style="border: 0"></iframe>`,
  },
  {
    label: "Badge",
    text: `<a href="${origin}/embed/controls"><img src="${origin}/embed/controls.svg" alt="Security controls" height="20"></a>`,
  },
];

export function Embeds() {
  return (
    <Section
      title="Show the controls on your page"
      lead={
        <>
          No key and no cookie. What each needs of your page is in the guide{" "}
          <a href="/guides/embed-controls">Show the security controls</a>.
        </>
      }
    >
      <p>
        <img src="/embed/controls.svg" alt="The badge as it is now" height={20} />
      </p>
      {snippets(location.origin).map(({ label, text }) => (
        <Code key={label} label={label}>
          {text}
        </Code>
      ))}
    </Section>
  );
}
