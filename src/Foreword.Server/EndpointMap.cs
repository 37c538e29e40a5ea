using Foreword.Server.Documentation;
using Foreword.Server.Endpoints;
using Foreword.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace Foreword.Server;

/// <summary>Maps the endpoints of the API to their addresses, each with its description.</summary>
internal static class EndpointMap
{
    private const string Text = "Text", Tasks = "Fine-tuned models", Tokens = "Tokens", About = "Server";

    /// <summary>Maps all endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes, ModelHost models, ServerMetrics metrics)
    {
        routes.MapPost("/v1/completions", new CompletionsEndpoint(models, metrics, isChat: false).AnswerAsync)
            .Describe<TextCompletion>("createCompletion", Text, "Continues prompts.", new(typeof(CompletionBody), """{"prompt": "Once", "max_tokens": 20}"""));
        routes.MapPost("/v1/chat/completions", new CompletionsEndpoint(models, metrics, isChat: true).AnswerAsync)
            .Describe<ChatCompletion>("createChatCompletion", Text, "Answers messages. The model needs a chat template.", new(typeof(ChatBody), """{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}"""));
        routes.MapPost("/v1/embeddings", new EmbeddingsEndpoint(models).AnswerAsync)
            .Describe<EmbeddingList>("createEmbedding", Text, "Computes a vector for each text.", new(typeof(EmbeddingBody), """{"input": "A cat sat."}"""));
        MapTasks(routes, new TaskEndpoints(models));
        MapModels(routes, new ModelEndpoints(models));
        routes.MapPrometheusScrapingEndpoint("/metrics");
    }

    private static void MapTasks(IEndpointRouteBuilder routes, TaskEndpoints tasks)
    {
        routes.MapPost("/v1/classify", tasks.ClassifyAsync).Describe<ClassifyAnswer>("classify", Tasks, "Predicts classes or numbers.", new(typeof(ClassifyBody), """{"input": "My card has not arrived."}"""));
        routes.MapPost("/v1/score", tasks.ScoreAsync).Describe<ScoreAnswer>("score", Tasks, "Scores pairs of texts.", new(typeof(ScoreBody), """{"text_1": "A man sleeps.", "text_2": "A person rests."}"""));
        routes.MapPost("/v1/rerank", tasks.RerankAsync).Describe<RerankAnswer>("rerank", Tasks, "Sorts documents by their score with a query.", new(typeof(RerankBody), """{"query": "cats", "documents": ["A cat sat.", "It rains."]}"""));
        routes.MapPost("/v1/choose", tasks.ChooseAsync).Describe<ChooseAnswer>("choose", Tasks, "Chooses one of several texts, with a model that is fine-tuned for multiple choice.", new(typeof(ChooseBody), """{"input": "It rains.", "choices": ["It is dry.", "It is wet."]}"""));
    }

    private static void MapModels(IEndpointRouteBuilder routes, ModelEndpoints about)
    {
        routes.MapGet("/v1/models", about.ListAsync).Describe<ModelList>("listModels", About, "Lists the models.");
        routes.MapGet("/v1/models/{**id}", about.GetAsync).Describe<ModelItem>("getModel", About, "Returns one model.")
            .WithMetadata(new ApiParameter("id", ParameterLocation.Path, JsonSchemaType.String, "The name of the model."));
        routes.MapGet("/health", about.HealthAsync).Describe<StatusAnswer>("getHealth", About, "Returns status 503 while a model is being loaded. It needs no key.");
        routes.MapGet("/ready", about.HealthAsync).Describe<StatusAnswer>("getReady", About, "Another name of /health.");
        routes.MapPost("/tokenize", about.TokenizeAsync).Describe<TokenizeAnswer>("tokenize", Tokens, "Cuts a text into tokens.", new(typeof(TokenizeBody), """{"prompt": "A cat sat."}"""));
        routes.MapPost("/detokenize", about.DetokenizeAsync).Describe<DetokenizeAnswer>("detokenize", Tokens, "Joins tokens to a text.", new(typeof(DetokenizeBody), """{"tokens": [1, 2, 3]}"""));
        routes.MapGet("/tokenizer_info", about.TokenizerAsync).Describe<TokenizerAnswer>("getTokenizer", Tokens, "Describes the tokenizer of a model.")
            .WithMetadata(new ApiParameter("model", ParameterLocation.Query, JsonSchemaType.String, "The name of a language model. Default: the first one of the server."));
    }
}
