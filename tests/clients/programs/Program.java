// The main calls of a shop with the client of openapi-generator for Java (native).
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.stream.Collectors;
import shop.client.ApiClient;
import shop.client.ApiException;
import shop.client.api.InteractionsApi;
import shop.client.api.ProductsApi;
import shop.client.api.RecommendationsApi;
import shop.client.model.ActionType;
import shop.client.model.BulkResult;
import shop.client.model.EventInputRequest;
import shop.client.model.InStock;
import shop.client.model.PlacementRow;
import shop.client.model.Problem;
import shop.client.model.ProductOrder;
import shop.client.model.RecommendationRow;
import shop.client.model.SessionInputRequest;

public class Program {
    static EventInputRequest event(String id, String product) {
        return new EventInputRequest()
            .userId("ext:alice").productId("ext:" + product).actionType(ActionType.PURCHASE).eventId(id);
    }

    static Problem problem(ApiException error) throws Exception {
        ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
        return mapper.readValue(error.getResponseBody(), Problem.class);
    }

    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("SHOP_URL"));
        client.setRequestInterceptor(
            request -> request.header("Authorization", "Api-Key " + System.getenv("SHOP_KEY")));
        RecommendationsApi lists = new RecommendationsApi(client);
        InteractionsApi events = new InteractionsApi(client);
        ProductsApi products = new ProductsApi(client);

        RecommendationRow found = lists.recommend(
            RecommendationsApi.APIRecommendRequest.newBuilder()
                .userId("ext:alice").topN(3).maxPrice(60.0).exclude(List.of("ext:desk-lamp", "ext:gone")).build());
        System.out.println("list " + found.getRecommendedProducts().size() + " " + found.getIgnored().get(0));

        SessionInputRequest session = new SessionInputRequest()
            .productIds(List.of("ext:desk-lamp", "ext:gone")).exclude(List.of("ext:running-shoes")).topN(3);
        RecommendationsApi.APIRecommendSessionRequest ofSession =
            RecommendationsApi.APIRecommendSessionRequest.newBuilder().sessionInputRequest(session).build();
        PlacementRow shown = lists.recommendSession(ofSession);
        System.out.println("session " + shown.getRecommendedProducts().size() + " " + shown.getIgnored().get(0));

        PlacementRow similar = lists.similarProducts(
            RecommendationsApi.APISimilarProductsRequest.newBuilder().id("ext:desk-lamp").topN(1).build());
        System.out.println("similar " + similar.getRecommendedProducts().size() + " " + similar.getPlacement());

        int n = products.listProducts(
            ProductsApi.APIListProductsRequest.newBuilder()
                .pageSize(2).inStock(InStock.TRUE).ordering(ProductOrder.ORDER_BY_PRICE_DESCENDING).build())
            .getProducts().size();
        System.out.println("page " + n);

        InteractionsApi.APICreateInteractionRequest one =
            InteractionsApi.APICreateInteractionRequest.newBuilder()
                .eventInputRequest(event("java-1", "desk-lamp")).idempotencyKey("java-1").build();
        boolean isSame = events.createInteraction(one).getId().equals(events.createInteraction(one).getId());
        System.out.println("event " + (isSame ? "once" : "twice"));

        BulkResult bulk = events.createInteractionsInBulk(
            InteractionsApi.APICreateInteractionsInBulkRequest.newBuilder()
                .eventInputRequest(List.of(
                    event("java-bulk-0", "desk-lamp"), event("java-bulk-1", "gone"),
                    event("java-bulk-2", "running-shoes")))
                .build());
        System.out.println("bulk " + bulk.getResults().stream()
            .map(row -> row.getStatus().toString()).collect(Collectors.joining(" ")));

        ProductsApi.APIGetProductRequest.Builder lamp =
            ProductsApi.APIGetProductRequest.newBuilder().id("ext:desk-lamp");
        String etag = products.getProductWithHttpInfo(lamp.build()).getHeaders().get("etag").get(0);
        try {
            products.getProduct(lamp.ifNoneMatch(etag).build());
        } catch (ApiException error) {
            System.out.println("conditional " + error.getCode());
        }

        try {
            products.getProduct(ProductsApi.APIGetProductRequest.newBuilder().id("ext:gone").build());
        } catch (ApiException error) {
            System.out.println("missing " + problem(error).getStatus() + " " + problem(error).getTitle());
        }

        try {
            for (int i = 0; i < 20; i++) lists.recommendSession(ofSession);
        } catch (ApiException error) {
            if (Integer.parseInt(error.getResponseHeaders().firstValue("Retry-After").orElse("0")) < 1) throw error;
            System.out.println("limited " + problem(error).getStatus() + " " + problem(error).getTitle());
        }
    }
}
