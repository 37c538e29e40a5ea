using System.Text.Json;
using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Foreword.Server.Hosting;
using Foreword.Server.Requests;
using Foreword.Server.Responses;

namespace Foreword.Server.Endpoints;

/// <summary>Writes the answer to one request for completions: whole, or as chunks.</summary>
internal sealed class CompletionAnswer
{
    private readonly CompletionRequest _request;
    private readonly ServedText _model;
    private readonly bool _isChat;
    private readonly TokenScores _scores;
    private readonly string _id;
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private readonly int[] _offsets; // code points before the next token, for each choice
    private readonly bool[] _began; // choices whose first chunk was written

    public CompletionAnswer(CompletionRequest request, ServedText model, bool isChat)
    {
        (_request, _model, _isChat) = (request, model, isChat);
        _scores = new TokenScores(model.Tokenizer, request.TokensAsIds);
        _id = $"{(isChat ? "chatcmpl" : "cmpl")}-{Guid.NewGuid():N}";
        _offsets = new int[request.Prompts.Count * request.Samples];
        _began = new bool[_offsets.Length];
    }

    /// <summary>Writes the fields that every answer begins with.</summary>
    public void WriteHead(Utf8JsonWriter json, bool streams)
    {
        json.WriteString("id", _id);
        json.WriteString("object", !_isChat ? "text_completion" : streams ? "chat.completion.chunk" : "chat.completion");
        json.WriteNumber("created", _created);
        json.WriteString("model", _model.Name);
        json.WriteString("system_fingerprint", _model.Fingerprint);
    }

    /// <summary>Writes a whole choice.</summary>
    public void WriteChoice(Utf8JsonWriter json, int prompt, int place, JobResult result, int sample)
    {
        Completion? completion = _request.Generates ? result.Completions[sample] : null;
        List<TokenDrawn> drawn = _request.Generates ? result.Drawn[sample] : [];
        json.WriteStartObject();
        json.WriteNumber("index", prompt * _request.Samples + place);
        if (_isChat)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", completion!.Text);
            json.WriteNull("refusal");
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", (_request.Echo ? _request.Prompts[prompt].Text + _model.Lead(_request.Prompts[prompt].Text, _request.Prompts[prompt].Ids) : "") + completion?.Text.AsSpan().ToString());
        }

        WriteScores(json, prompt, place, _request.Echo ? result.Prompt : null, drawn);
        json.WriteString("finish_reason", completion?.FinishReason == FinishReason.Stop ? "stop" : "length");
        json.WriteEndObject();
    }

    /// <summary>Returns whether an event changes the text, or carries scores.</summary>
    public bool HasText(JobEvent happened) => happened switch
    {
        TokenDrawn token => token.Text.Length > 0 || token.LogProb is not null,
        PromptRead => _request.Echo || _isChat,
        _ => true,
    };

    /// <summary>Writes the choice of a chunk.</summary>
    public void WriteChunk(Utf8JsonWriter json, int prompt, JobEvent happened)
    {
        switch (happened)
        {
            case PromptRead read:
                for (int place = 0; place < _request.Samples; place++)
                    WriteChunk(json, prompt, place, _request.Echo ? _request.Prompts[prompt].Text : "", read, [], _request.Generates ? null : "length");
                break;
            case TokenDrawn token:
                WriteChunk(json, prompt, token.Sample, token.Text, null, [token], null);
                break;
            case CompletionEnded ended:
                WriteChunk(json, prompt, ended.Sample, ended.Text, null, [], ended.Completion.FinishReason == FinishReason.Stop ? "stop" : "length");
                break;
        }
    }

    private void WriteChunk(Utf8JsonWriter json, int prompt, int place, string text, PromptRead? read, IReadOnlyList<TokenDrawn> drawn, string? reason)
    {
        int index = prompt * _request.Samples + place;
        json.WriteStartObject();
        json.WriteNumber("index", index);
        if (_isChat)
        {
            json.WriteStartObject("delta");
            if (!_began[index])
                json.WriteString("role", "assistant");
            if (text.Length > 0 || !_began[index])
                json.WriteString("content", text);
            json.WriteEndObject();
            _began[index] = true;
        }
        else
        {
            json.WriteString("text", text);
        }

        WriteScores(json, prompt, place, read, drawn);
        json.WriteString("finish_reason", reason);
        json.WriteEndObject();
    }

    private void WriteScores(Utf8JsonWriter json, int prompt, int place, PromptRead? read, IReadOnlyList<TokenDrawn> drawn)
    {
        if (_request.Options.LogProbs is not { } top || (read?.LogProbs is null && drawn.Count == 0 && (_isChat || _request.Streams)))
        {
            json.WriteNull("logprobs");
            return;
        }

        if (_isChat)
        {
            json.WriteStartObject("logprobs");
            json.WriteStartArray("content");
            foreach (TokenDrawn token in drawn)
                _scores.WriteChat(json, token.LogProb!);
            json.WriteEndArray();
            json.WriteNull("refusal");
            json.WriteEndObject();
            return;
        }

        IEnumerable<(int, TokenLogProb?)> before = read?.LogProbs is { } scores ? _request.Prompts[prompt].Ids.Zip(scores) : [];
        _scores.WriteCompletion(json, [.. before, .. drawn.Select(token => (token.Id, token.LogProb))], top > 0, ref _offsets[prompt * _request.Samples + place]);
    }
}
