// The main calls of a shop with the client of openapi-generator for TypeScript (fetch).
import {
  ActionType, Configuration, InStock, InteractionsApi, ProblemFromJSON, ProductOrder, ProductsApi,
  RecommendationsApi, ResponseError,
} from "./client/index.js";

const configuration = new Configuration({
  basePath: process.env.SHOP_URL,
  apiKey: (name: string) => (name === "Authorization" ? `Api-Key ${process.env.SHOP_KEY}` : ""),
});
const lists = new RecommendationsApi(configuration);
const events = new InteractionsApi(configuration);
const products = new ProductsApi(configuration);

async function problem(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (error instanceof ResponseError) {
      const { status, headers } = error.response;
      const isProblem = (headers.get("Content-Type") ?? "").startsWith("application/problem+json");
      return { status, headers, ...(isProblem ? ProblemFromJSON(await error.response.json()) : {}) };
    }
    throw error;
  }
  return undefined;
}

const found = await lists.recommend({
  userId: "ext:alice", topN: 3, maxPrice: 60, exclude: ["ext:desk-lamp", "ext:gone"],
});
console.log("list", found.recommendedProducts.length, ...(found.ignored ?? []));

const sessionInputRequest = {
  productIds: ["ext:desk-lamp", "ext:gone"], exclude: ["ext:running-shoes"], topN: 3,
};
const shown = await lists.recommendSession({ sessionInputRequest });
console.log("session", shown.recommendedProducts.length, ...(shown.ignored ?? []));

const similar = await lists.similarProducts({ id: "ext:desk-lamp", topN: 1 });
console.log("similar", similar.recommendedProducts.length, similar.placement);

const page = await products.listProducts({
  pageSize: 2, inStock: InStock.True, ordering: ProductOrder.ORDER_BY_PRICE_DESCENDING,
});
console.log("page", page.products.length);

const event = {
  userId: "ext:alice", productId: "ext:desk-lamp", actionType: ActionType.Purchase, eventId: "typescript-1",
};
const first = await events.createInteraction({ eventInputRequest: event, idempotencyKey: "typescript-1" });
const again = await events.createInteraction({ eventInputRequest: event, idempotencyKey: "typescript-1" });
console.log("event", first.id === again.id ? "once" : "twice");

const bulk = await events.createInteractionsInBulk({
  eventInputRequest: ["desk-lamp", "gone", "running-shoes"].map((product, number) => ({
    ...event, productId: `ext:${product}`, eventId: `typescript-bulk-${number}`,
  })),
});
console.log("bulk", ...bulk.results.map((row) => row.status));

const etag = (await products.getProductRaw({ id: "ext:desk-lamp" })).raw.headers.get("ETag") ?? "";
console.log("conditional", (await problem(products.getProduct({ id: "ext:desk-lamp", ifNoneMatch: etag })))?.status);

const missing = await problem(products.getProduct({ id: "ext:gone" }));
console.log("missing", missing?.status, missing?.title);

for (let n = 0; n < 20; n++) {
  const limited = await problem(lists.recommendSession({ sessionInputRequest }));
  if (limited) {
    if (!(Number(limited.headers.get("Retry-After")) > 0)) throw new Error("no Retry-After");
    console.log("limited", limited.status, limited.title);
    break;
  }
}
