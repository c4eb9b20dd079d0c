// Calls with two values of a list, by each generated client. Prints what each was answered.
import createClient from "openapi-fetch";
import type { paths } from "./paths";
import * as orval from "./orval";
import * as hey from "./hey";
import { client } from "./hey/client.gen";

declare const process: { env: Record<string, string | undefined> };
const baseUrl = process.env["BASE"] ?? "";

const fetched = createClient<paths>({ baseUrl });
const mean = await fetched.GET("/v1/computation/mean/{column}", {
  params: { path: { column: "age" }, query: { group_by: ["sex", "race"], age__in: [40, 30] } },
});
const people = await fetched.GET("/v1/people", {
  params: { query: { fields: ["id", "sex"], ordering: ["-age", "id"], page_size: 1 } },
});
const quantiles = await fetched.GET("/v1/computation/quantiles/{column}", {
  params: { path: { column: "age" }, query: { q: [0.25, 0.75] } },
});
console.log(
  JSON.stringify({
    "openapi-fetch": [
      mean.data?.groups?.map((group) => group.key)[0],
      people.data?.results[0]?.sex,
      quantiles.data?.quantiles.map(({ q }) => q),
    ],
  }),
);

const byOrval = await orval.mean("age", { group_by: ["sex", "race"], education__in: ["10th", "11th"] });
const pages = await orval.people({ fields: ["id", "sex"], ordering: ["-age", "id"], page_size: 1 });
console.log(
  JSON.stringify({
    orval: [
      byOrval.status === 200 ? byOrval.data.groups?.[0]?.key : byOrval.data.detail,
      pages.status === 200 ? pages.data.results[0]?.sex : pages.data.detail,
    ],
  }),
);

client.setConfig({ baseUrl });
const byHey = await hey.mean({
  path: { column: "age" },
  query: { group_by: ["sex", "race"], native_country__in: ["Cuba", "Jamaica"] },
});
const records = await hey.people({ query: { fields: ["id", "sex"], ordering: ["-age", "id"], page_size: 1 } });
console.log(
  JSON.stringify({ "hey-api": [byHey.data?.groups?.[0]?.key, records.data?.results[0]?.sex] }),
);
