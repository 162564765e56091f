// The main calls of a shop with the client of openapi-generator for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	shop "shop/client"
)

func must[T any](value T, answer *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func problem(err error) shop.Problem {
	var failure *shop.GenericOpenAPIError
	if errors.As(err, &failure) {
		if found, ok := failure.Model().(shop.Problem); ok {
			return found
		}
	}
	panic(err)
}

func event(id string, product string) shop.EventInputRequest {
	sent := *shop.NewEventInputRequest("ext:alice", "ext:"+product, shop.PURCHASE)
	sent.SetEventId(id)
	return sent
}

func main() {
	configuration := shop.NewConfiguration()
	configuration.Servers = shop.ServerConfigurations{{URL: os.Getenv("SHOP_URL")}}
	client := shop.NewAPIClient(configuration)
	key := shop.APIKey{Key: os.Getenv("SHOP_KEY"), Prefix: "Api-Key"}
	ctx := context.WithValue(context.Background(), shop.ContextAPIKeys, map[string]shop.APIKey{"apiKey": key})
	lists, products, events := client.RecommendationsAPI, client.ProductsAPI, client.InteractionsAPI

	found := must(lists.Recommend(ctx, "ext:alice").TopN(3).MaxPrice(60).Exclude([]string{"ext:desk-lamp", "ext:gone"}).Execute())
	fmt.Println("list", len(found.RecommendedProducts), found.Ignored[0])

	session := *shop.NewSessionInputRequest([]string{"ext:desk-lamp", "ext:gone"})
	session.SetExclude([]string{"ext:running-shoes"})
	session.SetTopN(3)
	shown := must(lists.RecommendSession(ctx).SessionInputRequest(session).Execute())
	fmt.Println("session", len(shown.RecommendedProducts), shown.Ignored[0])

	similar := must(lists.SimilarProducts(ctx, "ext:desk-lamp").TopN(1).Execute())
	fmt.Println("similar", len(similar.RecommendedProducts), similar.Placement)

	page := must(products.ListProducts(ctx).PageSize(2).InStock(shop.TRUE).Ordering(shop.ORDER_BY_PRICE_DESCENDING).Execute())
	fmt.Println("page", len(page.Products))

	send := func() *shop.InteractionRow {
		return must(events.CreateInteraction(ctx).EventInputRequest(event("go-1", "desk-lamp")).IdempotencyKey("go-1").Execute())
	}
	if send().Id == send().Id {
		fmt.Println("event once")
	}

	bulk := must(events.CreateInteractionsInBulk(ctx).EventInputRequest([]shop.EventInputRequest{
		event("go-bulk-0", "desk-lamp"), event("go-bulk-1", "gone"), event("go-bulk-2", "running-shoes"),
	}).Execute())
	fmt.Println("bulk", bulk.Results[0].Status, bulk.Results[1].Status, bulk.Results[2].Status)

	_, answer, err := products.GetProduct(ctx, "ext:desk-lamp").Execute()
	must("", answer, err)
	_, current, _ := products.GetProduct(ctx, "ext:desk-lamp").IfNoneMatch(answer.Header.Get("ETag")).Execute()
	fmt.Println("conditional", current.StatusCode)

	_, _, err = products.GetProduct(ctx, "ext:gone").Execute()
	missing := problem(err)
	fmt.Println("missing", missing.Status, missing.Title)

	for n := 0; n < 20; n++ {
		_, answer, err = lists.RecommendSession(ctx).SessionInputRequest(session).Execute()
		if err != nil {
			if wait, _ := strconv.Atoi(answer.Header.Get("Retry-After")); wait < 1 {
				panic("no Retry-After")
			}
			limited := problem(err)
			fmt.Println("limited", limited.Status, limited.Title)
			break
		}
	}
}
