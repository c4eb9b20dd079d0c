const output = { target: "./orval.ts", client: "fetch", baseUrl: process.env.BASE };

export default { adult: { input: "./schema.json", output } };
