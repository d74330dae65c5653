/** Where the agents and the delegations of a picture stand. */
import { Graph, layout } from "@dagrejs/dagre";
import type { Delegation } from "../../api/schema.ts";

/** More do not fit a picture that can be read. */
export const mostEdges = 200;

export const node = { width: 190, height: 40 } as const;

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Of the delegations between the two in this direction */
  readonly scopes: readonly string[];
  /** None of them is active any more. */
  readonly isOver: boolean;
}

/** One edge for all delegations from one agent to another. A chain is one edge long, so that is all there is. */
export function edgesOf(delegations: readonly Delegation[]): readonly Edge[] {
  const between = new Map<string, Delegation[]>();
  for (const delegation of delegations) {
    const key = `${delegation.delegatorAgentId} ${delegation.delegateeAgentId}`;
    between.set(key, [...(between.get(key) ?? []), delegation]);
  }
  return [...between].map(([key, all]) => {
    const [from = "", to = ""] = key.split(" ");
    const active = all.filter(({ status }) => status === "active");
    const counted = active.length > 0 ? active : all;
    return { from, to, scopes: [...new Set(counted.flatMap(({ scopes }) => scopes))], isOver: active.length === 0 };
  });
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly { readonly agentId: string; readonly x: number; readonly y: number }[];
  readonly edges: readonly (Edge & { readonly points: readonly { readonly x: number; readonly y: number }[] })[];
}

/** From left, who gives, to right. */
export function place(edges: readonly Edge[]): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 110, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { from, to } of edges) {
    for (const agentId of [from, to]) graph.setNode(agentId, { ...node });
    graph.setEdge(from, to);
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    nodes: graph.nodes().map((agentId) => {
      const { x, y } = graph.node(agentId);
      return { agentId, x, y };
    }),
    edges: edges.map((edge) => ({ ...edge, points: graph.edge(edge.from, edge.to).points ?? [] })),
  };
}

/** Thicker with more scopes, in pixels. */
export const weightOf = (scopes: number): number => Math.min(1 + Math.log2(Math.max(scopes, 1)), 6);
