// The main calls of a shop with the types of openapi-typescript and the client openapi-fetch.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const shop = createClient<paths>({
  baseUrl: process.env.SHOP_URL,
  headers: { Authorization: `Api-Key ${process.env.SHOP_KEY}` },
});

const found = await shop.GET("/recommend/{user_id}", {
  params: {
    path: { user_id: "ext:alice" },
    query: { top_n: 3, max_price: 60, exclude: ["ext:desk-lamp", "ext:gone"] },
  },
});
console.log("list", found.data?.recommended_products.length, ...(found.data?.ignored ?? []));

const body = {
  product_ids: ["ext:desk-lamp", "ext:gone"], exclude: ["ext:running-shoes"], top_n: 3, offset: 0, diversity: 0,
};
const shown = await shop.POST("/recommend/session", { body });
console.log("session", shown.data?.recommended_products.length, ...(shown.data?.ignored ?? []));

const id = "ext:desk-lamp";
const similar = await shop.GET("/products/{id}/similar", { params: { path: { id }, query: { top_n: 1 } } });
console.log("similar", similar.data?.recommended_products.length, similar.data?.placement);

const page = await shop.GET("/products", {
  params: { query: { page_size: 2, in_stock: "true", ordering: "-price" } },
});
console.log("page", page.data?.products.length);

const event = { user_id: "ext:alice", product_id: id, action_type: "purchase", event_id: "paths-1" } as const;
const send = () =>
  shop.POST("/interactions", { params: { header: { "Idempotency-Key": "paths-1" } }, body: event });
const [first, again] = [await send(), await send()];
console.log("event", first.data && first.data.id === again.data?.id ? "once" : "twice");

const bulk = await shop.POST("/interactions/bulk", {
  body: ["desk-lamp", "gone", "running-shoes"].map((product, number) => ({
    ...event, product_id: `ext:${product}`, event_id: `paths-bulk-${number}`,
  })),
});
console.log("bulk", ...(bulk.data?.results ?? []).map((row) => row.status));

const etag = (await shop.GET("/products/{id}", { params: { path: { id } } })).response.headers.get("ETag") ?? "";
const current = await shop.GET("/products/{id}", { params: { path: { id }, header: { "If-None-Match": etag } } });
console.log("conditional", current.response.status);

const missing = await shop.GET("/products/{id}", { params: { path: { id: "ext:gone" } } });
console.log("missing", missing.error?.status, missing.error?.title);

for (let n = 0; n < 20; n++) {
  const { error, response } = await shop.POST("/recommend/session", { body });
  if (error) {
    if (!(Number(response.headers.get("Retry-After")) > 0)) throw new Error("no Retry-After");
    console.log("limited", error.status, error.title);
    break;
  }
}
