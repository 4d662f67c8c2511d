-- wrk script: every request puts a new blob of 100 bytes. Arguments: container path, SAS; and
-- optionally "tagged": each blob then has the tags group (one of 1,000) and number (its own).
local counter = 0
local thread = 0
local body = string.rep("m", 100)

function setup(t)
  t:set("id", thread)
  thread = thread + 1
end

function init(args)
  path, sas, tagged = args[1], args[2], args[3] == "tagged"
end

function request()
  counter = counter + 1
  local headers = {["x-ms-blob-type"] = "BlockBlob", ["Content-Length"] = "100"}
  if tagged then
    headers["x-ms-tags"] = string.format("group=g%03d&number=%d-%09d", counter % 1000, id, counter)
  end
  return wrk.format("PUT", string.format("%s/t%d/%09d?%s", path, id, counter, sas),
                    headers, body)
end
