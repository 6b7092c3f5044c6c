import sys, json
def test_show(client, shop):
    paths = client.get("/openapi.json").json()["paths"]
    out=[json.dumps(paths["/score-events"]["post"]["requestBody"]["content"]["application/json"]["example"])]
    out.append(str({p["name"]: p["example"] for p in paths["/at-risk"]["get"]["parameters"]}))
    order = {"order_id": "1", "customer_id": "C1", "ordered_at": "2025-05-02", "amount": 30.5}
    for t in ({}, {"orders": [{"order_id": "1"}]}, {"orders":[order],"customers":[{"customer_id":"C1"}]}):
        out.append(client.post("/score-events", {"as_of":"2025-06-01","tables":t}).text)
    for b in (b'{"customer_ids": [1', b'{"a":1,}', b'["a" "b"]', b"hello", b"\xff"):
        out.append(client.ask("POST","/score",content=b).text)
    # attribute example
    open("/tmp/srv2/out","w").write("\n".join(out))
